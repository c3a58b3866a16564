"""Other people's tools accept the objects: dciodvfy finds no error, DCMTK reads the bone age."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from highdicom.sr import ContentItem, ValueTypeValues, srread
from pydicom import dcmread

from dicom_node.report.contract import ObjectKind
from tests.support import tools
from tests.support.headers import case_of, dx_header
from tests.support.validators import DOCUMENT, tables
from tests.support.variants import PROFILES, VARIANTS, validated, written


def find(item: ContentItem, kind: ValueTypeValues) -> Iterator[ContentItem]:
    """Every content item of a kind below this one, in the document's order."""
    for child in getattr(item, "ContentSequence", ()):
        if child.ValueType == kind.value:
            yield child
        yield from find(child, kind)


KNOWN_WARNINGS = re.compile(r"<99BONEAGE>|DeviceUID|Standard Extended SOP Class")


@pytest.mark.dciodvfy
@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize("variant", VARIANTS)
def test_dciodvfy_finds_no_error_in_any_object(variant: str, profile: str, tmp_path: Path) -> None:
    """All kinds of objects of each variant: a picture of a refusal, and boxes where there are bones, among them."""
    verdicts = validated(VARIANTS[variant](), profile, tmp_path)
    assert {ObjectKind.REPORT, ObjectKind.REPORT_FALLBACK, ObjectKind.CAPTURE} <= set(verdicts)
    assert (ObjectKind.PRESENTATION in verdicts) == variant.startswith(("everything", "superseding"))
    for kind, verdict in verdicts.items():
        assert verdict.errors == (), kind


@pytest.mark.dciodvfy
@pytest.mark.parametrize("variant", ["left", "everything", "refused"])
def test_only_the_known_warnings_of_dciodvfy_stay(variant: str, tmp_path: Path) -> None:
    for verdict in validated(VARIANTS[variant](), "none", tmp_path).values():
        assert [line for line in verdict.warnings if not KNOWN_WARNINGS.search(line)] == []


@pytest.mark.dciodvfy
def test_what_breaks_the_standard_is_an_error(tmp_path: Path) -> None:
    path = written(VARIANTS["everything"](), tmp_path, presentation_state=True)[ObjectKind.PRESENTATION]
    broken = dcmread(path)
    del broken.ContentLabel
    broken.save_as(path)
    assert any("ContentLabel" in line for line in tools.iod_errors(path))


def test_the_table_in_the_documents_has_every_variant_and_profile_and_no_error() -> None:
    results = tables(DOCUMENT.read_text(encoding="utf-8"))
    assert list(results) == list(PROFILES)
    for rows in results.values():
        assert [variant for variant, _ in rows] == list(VARIANTS)
        assert {cell for _, cells in rows for cell in cells} == {"0", "-"}


@pytest.mark.dcmtk
@pytest.mark.parametrize("name", ["everything", "everything-without-sex-or-side", "superseding"])
@pytest.mark.parametrize("kind", [ObjectKind.REPORT, ObjectKind.REPORT_FALLBACK])
def test_dcmtk_and_highdicom_read_the_same_values(name: str, kind: ObjectKind, tmp_path: Path) -> None:
    path = written(VARIANTS[name](), tmp_path)[kind]
    printed = tools.document_text(path)
    numbers, texts = tools.numbers(printed), tools.flat(printed)
    tree = srread(path).content
    assert numbers == [
        (item.name.value, float(item.value), item.unit.value) for item in find(tree[0], ValueTypeValues.NUM)
    ]
    assert len(numbers) > 13
    for item in find(tree[0], ValueTypeValues.TEXT):
        assert tools.flat(str(item.value)) in texts


@pytest.mark.dcmtk
@pytest.mark.parametrize("kind", [ObjectKind.REPORT, ObjectKind.REPORT_FALLBACK])
def test_dsrdump_prints_the_bone_age(kind: ObjectKind, tmp_path: Path) -> None:
    text = tools.document_text(written(case_of(dx_header()), tmp_path)[kind])
    assert tools.bone_ages_months(text) == (123.4,)


@pytest.mark.dcmtk
def test_dsrdump_prints_both_bone_ages_where_the_sex_is_missing(tmp_path: Path) -> None:
    text = tools.document_text(written(case_of(dx_header(sex="")), tmp_path)[ObjectKind.REPORT])
    assert tools.bone_ages_months(text) == (123.4, 132.4)


@pytest.mark.dcmtk
def test_dsr2html_shows_numbers_with_their_labels(tmp_path: Path) -> None:
    page = tools.run("dsr2html", written(case_of(dx_header()), tmp_path)[ObjectKind.REPORT])
    assert page.returncode == 0
    text = re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", page.stdout))
    assert "XR Bone age: 123.4 mo" in text
    assert "Chronological age: 122.3 mo" in text
    assert "Research use only." in text
