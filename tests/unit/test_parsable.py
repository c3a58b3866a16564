"""What cannot be parsed counts as absent, and what can be keeps its bytes."""

from pathlib import Path

from pydicom import Dataset, dcmread
from pydicom.dataelem import RawDataElement
from pydicom.sequence import Sequence

from dicom_node.work.decode import decode
from dicom_node.work.header import read_header, whole_header
from dicom_node.work.select import text
from tests.support.receiving import image

UNKNOWN_VR = b"\x20\x00\x10\x00ZZ\x04\x00ab  "
"""Study ID under a VR that does not exist."""


def hostile(tmp_path: Path) -> Path:
    """An image whose Study ID has an unknown VR, as has the meaning of its region."""
    ds = image()
    ds.StudyID, ds.BodyPartExamined = "ab", "HAND"
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = "85562004", "SCT", "Hand"
    ds.AnatomicRegionSequence = Sequence([item])
    path = tmp_path / "hostile.dcm"
    ds.save_as(path, enforce_file_format=True)
    whole = path.read_bytes()
    whole = whole.replace(b"\x20\x00\x10\x00SH\x02\x00ab", UNKNOWN_VR)
    path.write_bytes(whole.replace(b"\x08\x00\x04\x01LO\x04\x00Hand", b"\x08\x00\x04\x01ZZ\x04\x00Hand"))
    return path


def test_an_attribute_under_an_unknown_vr_is_absent_and_so_is_a_sequence_that_holds_one(tmp_path: Path) -> None:
    path = hostile(tmp_path)
    found = whole_header(path)
    assert found is not None
    for header in (found, decode(path).header):
        assert "StudyID" not in header
        assert "AnatomicRegionSequence" not in header
        assert text(header, "BodyPartExamined") == "HAND"
    assert "AnatomicRegionSequence" not in read_header(path)


def test_what_stays_is_still_as_it_was_read(tmp_path: Path) -> None:
    path = hostile(tmp_path)
    kept, read = whole_header(path), dcmread(path)
    assert kept is not None
    assert isinstance(kept.get_item("PatientName"), RawDataElement)
    assert kept.get_item("PatientName").value == read.get_item("PatientName").value


def test_a_sequence_that_says_to_be_a_text_is_absent(tmp_path: Path) -> None:
    path = hostile(tmp_path)
    path.write_bytes(path.read_bytes().replace(b"\x08\x00\x18\x22SQ", b"\x08\x00\x18\x22UT"))
    assert "AnatomicRegionSequence" not in read_header(path)
