"""Other people's tools accept the objects: dciodvfy finds no error, DCMTK reads the bone age."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from pydicom import Dataset

from dicom_node.report.build import build_objects
from dicom_node.report.contract import ObjectKind, ReadCase, ReportContext
from pipelines.contract import Sex, WarningCode
from tests.support import tools
from tests.support.headers import case_of, dx_header, reading_of, report_context, sparse_header


def _lossy() -> Dataset:
    header = dx_header()
    header.LossyImageCompression, header.LossyImageCompressionRatio = "01", "12"
    header.LossyImageCompressionMethod = "ISO_10918_1"
    return header


CASES: dict[str, Callable[[], ReadCase]] = {
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
}


def written(case: ReadCase, folder: Path, context: ReportContext | None = None) -> dict[ObjectKind, Path]:
    paths = {}
    for one in build_objects(case, context or report_context()):
        paths[one.kind] = folder / f"{one.kind}.dcm"
        one.dataset.save_as(paths[one.kind], enforce_file_format=True)
    return paths


@pytest.mark.dciodvfy
@pytest.mark.parametrize("name", CASES)
def test_dciodvfy_finds_no_error(name: str, tmp_path: Path) -> None:
    for path in written(CASES[name](), tmp_path).values():
        assert tools.iod_errors(path) == []


@pytest.mark.dciodvfy
def test_dciodvfy_finds_no_error_with_site_words_in_utf_8(tmp_path: Path) -> None:
    context = report_context(site_words="Nur für die Übungsstudie. " * 15, institution_name="Übungshaus")
    for path in written(case_of(dx_header(character_set=None)), tmp_path, context).values():
        assert tools.iod_errors(path) == []


@pytest.mark.dciodvfy
def test_only_the_known_warnings_of_dciodvfy_stay(tmp_path: Path) -> None:
    known = re.compile(r"<99BONEAGE>|Device UID|Standard Extended SOP Class")
    for path in written(case_of(dx_header()), tmp_path).values():
        said = tools.run("dciodvfy", path)
        warnings = [line for line in (said.stdout + said.stderr).splitlines() if line.startswith("Warning")]
        assert [line for line in warnings if not known.search(line)] == []


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
