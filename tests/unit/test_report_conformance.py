"""Other people's tools accept the objects: dciodvfy finds no error, DCMTK reads the bone age."""

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from highdicom.sr import ContentItem, ValueTypeValues, srread
from pydicom import DataElement, Dataset

from dicom_node.report.build import build_objects
from dicom_node.report.contract import AnyCase, ObjectKind, ReadCase
from dicom_node.report.rendition import PictureCompression
from pipelines.contract import RefusalCode, Sex, WarningCode
from tests.support import tools
from tests.support.headers import (
    case_of,
    dx_header,
    full_case,
    predecessor_of,
    reading_of,
    refused_case,
    report_context,
    sparse_header,
)


def _lossy() -> Dataset:
    header = dx_header()
    header.LossyImageCompression, header.LossyImageCompressionRatio = "01", "12"
    header.LossyImageCompressionMethod = "ISO_10918_1"
    return header


def _table() -> Dataset:
    header = dx_header(photometric="MONOCHROME1")
    table = Dataset()
    table.add(DataElement(0x00283002, "US", [4, 0, 12]))
    table.add(DataElement(0x00283006, "US", [0, 1200, 3000, 4095]))
    header.VOILUTSequence = [table]
    return header


def _superseding() -> ReadCase:
    case = full_case()
    return replace(case, predecessor=predecessor_of(case_of(dx_header(sex="")), report_context()))


def _window() -> Dataset:
    header = dx_header()
    header.WindowCenter, header.WindowWidth = [2048, 1500], [4096, 900]
    header.RescaleSlope, header.RescaleIntercept, header.RescaleType = "1", "0", "US"
    header.PixelAspectRatio = [1, 1]
    return header


CASES: dict[str, Callable[[], AnyCase]] = {
    "left": lambda: case_of(dx_header()),
    "right": lambda: case_of(dx_header(laterality="R"), reading_of(warnings=(WarningCode.RIGHT_HAND,))),
    "sex-missing": lambda: case_of(dx_header(sex="")),
    "sex-other": lambda: case_of(dx_header(sex="O")),
    "age-missing": lambda: case_of(dx_header(birth_date="")),
    "age-outside-the-table": lambda: case_of(dx_header(birth_date="20080101")),
    "mature": lambda: case_of(dx_header(), reading_of(Sex.FEMALE, warnings=(WarningCode.BEYOND_SCALE,))),
    "latin-1": lambda: case_of(dx_header(name="Müller^Jürgen")),
    "utf-8": lambda: case_of(dx_header(name="Müller^山田", character_set="ISO_IR 192")),
    "japanese": lambda: case_of(
        dx_header(name="Yamada^Tarou=山田^太郎=やまだ^たろう", character_set=["", "ISO 2022 IR 87"])
    ),
    "monochrome1": lambda: case_of(dx_header(photometric="MONOCHROME1")),
    "lossy": lambda: case_of(_lossy()),
    "sparse": lambda: case_of(sparse_header()),
    "everything": full_case,
    "everything-right": lambda: full_case(dx_header(laterality="R", photometric="MONOCHROME1")),
    "everything-without-sex-or-side": lambda: full_case(dx_header(sex="", laterality="U")),
    "everything-lossy": lambda: full_case(_lossy()),
    "everything-with-a-window": lambda: full_case(_window()),
    "everything-with-a-table": lambda: full_case(_table()),
    "superseding": _superseding,
    "refused": refused_case,
    "refused-without-pixels": lambda: refused_case(code=RefusalCode.NO_PIXELS, pixels=False),
    "refused-sparse": lambda: refused_case(sparse_header(), RefusalCode.NOT_A_HAND),
}

PROFILES: dict[str, dict[str, object]] = {
    "plain": {},
    "boxes": {"presentation_state": True},
    "rle": {"compressions": (PictureCompression.RLE,)},
    "jpeg": {"compressions": (PictureCompression.JPEG,)},
    "identity": {"burn_in_identity": True},
    "utf-8-words": {"site_words": "Nur für die Übungsstudie. " * 15, "institution_name": "Übungshaus"},
}
"""What destinations and sites may ask for."""


def written(case: AnyCase, folder: Path, **profile: object) -> dict[ObjectKind, Path]:
    paths = {}
    for one in build_objects(case, report_context(**profile)):
        paths[one.kind] = folder / f"{one.kind}.dcm"
        one.dataset.save_as(paths[one.kind], enforce_file_format=True)
    return paths


def find(item: ContentItem, kind: ValueTypeValues) -> Iterator[ContentItem]:
    """Every content item of a kind below this one, in the document's order."""
    for child in getattr(item, "ContentSequence", ()):
        if child.ValueType == kind.value:
            yield child
        yield from find(child, kind)


@pytest.mark.dciodvfy
@pytest.mark.parametrize("name", CASES)
def test_dciodvfy_finds_no_error_in_any_object(name: str, tmp_path: Path) -> None:
    """All kinds of objects of each variant: a picture of a refusal, and boxes where there are bones, among them."""
    paths = written(CASES[name](), tmp_path, presentation_state=True)
    assert {ObjectKind.REPORT, ObjectKind.REPORT_FALLBACK, ObjectKind.CAPTURE} <= set(paths)
    assert (ObjectKind.PRESENTATION in paths) == name.startswith(("everything", "superseding"))
    assert {kind: tools.iod_errors(path) for kind, path in paths.items()} == {kind: [] for kind in paths}


@pytest.mark.dciodvfy
@pytest.mark.parametrize("name", ["everything", "refused"])
@pytest.mark.parametrize("profile", PROFILES)
def test_dciodvfy_finds_no_error_for_any_destination(name: str, profile: str, tmp_path: Path) -> None:
    paths = written(CASES[name](), tmp_path, **PROFILES[profile])
    assert {kind: tools.iod_errors(path) for kind, path in paths.items()} == {kind: [] for kind in paths}


@pytest.mark.dciodvfy
@pytest.mark.parametrize("name", ["left", "everything", "refused"])
def test_only_the_known_warnings_of_dciodvfy_stay(name: str, tmp_path: Path) -> None:
    known = re.compile(r"<99BONEAGE>|Device UID|Standard Extended SOP Class")
    for path in written(CASES[name](), tmp_path, presentation_state=True).values():
        said = tools.run("dciodvfy", path)
        warnings = [line for line in (said.stdout + said.stderr).splitlines() if line.startswith("Warning")]
        assert [line for line in warnings if not known.search(line)] == []


@pytest.mark.dcmtk
@pytest.mark.parametrize("name", ["everything", "everything-without-sex-or-side", "superseding"])
@pytest.mark.parametrize("kind", [ObjectKind.REPORT, ObjectKind.REPORT_FALLBACK])
def test_dcmtk_and_highdicom_read_the_same_values(name: str, kind: ObjectKind, tmp_path: Path) -> None:
    path = written(CASES[name](), tmp_path)[kind]
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
