"""The demo's parts that need no node."""

from pathlib import Path

import numpy as np
import pytest
from pydicom import Dataset
from rich.console import Console

from dicom_node.operate.demo import content_tree
from dicom_node.operate.demo.answer import AnswerNotWhole, Report, read_capture, read_report, write_png
from dicom_node.operate.demo.cases import Case
from dicom_node.operate.demo.run import MARKER, Answer, DemoFailed, prepare
from dicom_node.operate.demo.table import WORDS, show


def _code(value: str, meaning: str, scheme: str = "DCM") -> list[Dataset]:
    code = Dataset()
    code.CodeValue, code.CodingSchemeDesignator, code.CodeMeaning = value, scheme, meaning
    return [code]


def _item(value_type: str, code: str, meaning: str, **attributes: object) -> Dataset:
    item = Dataset()
    item.ValueType, item.RelationshipType = value_type, "CONTAINS"
    item.ConceptNameCodeSequence = _code(code, meaning)
    for keyword, value in attributes.items():
        setattr(item, keyword, value)
    return item


def _number(code: str, meaning: str, value: float, **attributes: object) -> Dataset:
    measured = Dataset()
    measured.NumericValue, measured.MeasurementUnitsCodeSequence = value, _code("mo", "month", "UCUM")
    return _item("NUM", code, meaning, MeasuredValueSequence=[measured], **attributes)


@pytest.fixture
def tree() -> Dataset:
    above = _number("371886008", "+ range", 7)
    bone_age = _number("85151-9", "XR Bone age", 120.5, ContentSequence=[above])
    site = _item("CODE", "363698007", "Finding Site", ConceptCodeSequence=_code("85562004", "Hand", "SCT"))
    text = _item("TEXT", "111001", "Algorithm Name", TextValue="phantom_whole_hand")
    root = _item("CONTAINER", "126000", "Report", ContentSequence=[bone_age, site, text])
    del root.RelationshipType
    return root


def test_the_text_of_a_report_shows_the_tree_with_its_values(tree: Dataset) -> None:
    assert content_tree.text(tree).splitlines() == [
        "ROOT CONTAINER: Report",
        "  CONTAINS NUM: XR Bone age = 120.5 mo",
        "    CONTAINS NUM: + range = 7 mo",
        "  CONTAINS CODE: Finding Site = Hand (85562004, SCT)",
        "  CONTAINS TEXT: Algorithm Name = phantom_whole_hand",
    ]


def test_items_are_found_by_their_code_at_any_depth(tree: Dataset) -> None:
    assert [content_tree.number(item) for item in content_tree.find(tree, "371886008")] == [7.0]
    assert content_tree.find(tree, "0") == []


def test_the_demo_empties_its_own_folder_and_no_other(tmp_path: Path) -> None:
    own = tmp_path / "demo"
    prepare(own)
    (own / "old.txt").write_text("old")
    prepare(own)
    assert [path.name for path in own.iterdir()] == [MARKER]
    other = tmp_path / "other"
    other.mkdir()
    (other / "thesis.txt").write_text("keep")
    with pytest.raises(DemoFailed, match="holds something else"):
        prepare(other)
    assert (other / "thesis.txt").read_text() == "keep"


def test_a_file_that_is_no_report_is_an_answer_that_is_not_whole(tmp_path: Path) -> None:
    ds = Dataset()
    ds.PatientID = "PHANTOM-1"
    path = tmp_path / "report.dcm"
    ds.save_as(path, implicit_vr=False, little_endian=True)
    with pytest.raises(AnswerNotWhole):
        read_report(path)
    with pytest.raises(AnswerNotWhole):
        read_capture(path)


def test_a_picture_is_written_as_it_is(tmp_path: Path) -> None:
    from PIL import Image

    pixels = np.random.default_rng(0).integers(0, 256, (20, 30, 3), dtype=np.uint8)
    write_png(pixels, tmp_path / "heatmap.png")
    assert np.array_equal(np.asarray(Image.open(tmp_path / "heatmap.png")), pixels)


def _answers(phantom_months: float, folder: Path) -> list[Answer]:
    case = Case("girl-120", "F", 120.0, {})
    by_phantom = Report(Dataset(), phantom_months, (108.0, 132.0), ("phantom_whole_hand",))
    by_real = Report(Dataset(), 95.0, None, ("whole_hand",))
    return [
        Answer(case, "phantom", by_phantom, 1.25, folder / "phantom"),
        Answer(case, "bone_age", by_real, 2.5, folder / "bone_age"),
    ]


@pytest.mark.parametrize(("months", "held"), [(120.0, True), (132.0, True), (132.1, False), (107.9, False)])
def test_constancy_holds_within_twelve_months_of_the_nominal_age(months: float, held: bool, tmp_path: Path) -> None:
    console = Console(record=True, width=120)
    assert show(console, _answers(months, tmp_path), tmp_path) is held
    shown = console.export_text()
    assert ("FAIL" in shown) is not held
    assert WORDS in shown
    assert "95.0" in shown
    assert str(tmp_path / "node.log") in shown
