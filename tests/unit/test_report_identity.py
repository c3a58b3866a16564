"""Patient and study stand in the results as in the source, in its own characters."""

from io import BytesIO

import pytest
from pydicom import DataElement, Dataset, dcmread
from pydicom.config import IGNORE
from pydicom.uid import ImplicitVRLittleEndian

from dicom_node.report.build import build_objects
from dicom_node.report.contract import ReportContext
from tests.support.headers import case_of, dx_header, report_context

JAPANESE = "Yamada^Tarou=山田^太郎=やまだ^たろう"  # the example name of PS3.5 H.3.1


def stored(header: Dataset, context: ReportContext | None = None) -> list[Dataset]:
    return [dcmread(BytesIO(data)) for data in stored_bytes(header, context)]


def stored_bytes(header: Dataset, context: ReportContext | None = None) -> list[bytes]:
    files = []
    for one in build_objects(case_of(header), context or report_context()):
        buffer = BytesIO()
        one.dataset.save_as(buffer, enforce_file_format=True)
        files.append(buffer.getvalue())
    return files


@pytest.mark.parametrize(
    ("name", "character_set"),
    [
        ("Müller^Jürgen", "ISO_IR 100"),
        ("Люкceмбypг", "ISO_IR 144"),
        ("Müller^山田", "ISO_IR 192"),
        (JAPANESE, ["", "ISO 2022 IR 87"]),
        ("Plain^Name", None),
    ],
)
def test_a_name_keeps_its_characters_and_its_character_set(name: str, character_set: str | list[str] | None) -> None:
    for ds in stored(dx_header(name=name, character_set=character_set)):
        assert str(ds.PatientName) == name
        assert ds.get("SpecificCharacterSet") == character_set


def test_the_bytes_of_a_japanese_name_are_those_of_the_source() -> None:
    header = dx_header(name=JAPANESE, character_set=["", "ISO 2022 IR 87"])
    original = header.PatientName.original_string
    assert all(original in data for data in stored_bytes(header))


@pytest.mark.parametrize(
    ("character_set", "kept"),
    [("ISO_IR 100", True), ("ISO_IR 144", False), (None, False), (["", "ISO 2022 IR 87"], False)],
)
def test_site_words_that_do_not_fit_turn_all_text_into_utf_8(character_set: str | list[str] | None, kept: bool) -> None:
    name = JAPANESE if isinstance(character_set, list) else "Plain^Name"
    header = dx_header(name=name, character_set=character_set)
    for ds in stored(header, report_context(site_words="Nur für die Übungsstudie.")):
        assert ds.SpecificCharacterSet == (character_set if kept else "ISO_IR 192")
        assert str(ds.PatientName) == name
        text = ds.DerivationDescription if "DerivationDescription" in ds else ds.ContentSequence[-1].TextValue
        assert "Nur für die Übungsstudie." in text


@pytest.mark.filterwarnings("ignore:Unknown encoding")
def test_an_invented_character_set_becomes_utf_8() -> None:
    header = dx_header()
    header.SpecificCharacterSet = "ISO 8859 ONE"
    assert {ds.SpecificCharacterSet for ds in stored(header)} == {"ISO_IR 192"}


def test_patient_and_study_attributes_are_copied() -> None:
    header = dx_header()
    patient = ["PatientID", "IssuerOfPatientID", "PatientBirthDate", "PatientSex", "PatientAge"]
    study = ["StudyDate", "StudyTime", "StudyID", "AccessionNumber", "ReferringPhysicianName", "StudyDescription"]
    keywords = [*patient, *study, "InstitutionName", "ProcedureCodeSequence"]
    for ds in stored(header):
        assert {word: ds[word].value for word in keywords} == {word: header[word].value for word in keywords}


def test_values_that_break_their_vr_are_left_empty_and_identifiers_are_kept() -> None:
    header = dx_header()
    for tag, vr, value in (
        (0x00100030, "DA", "sometime"),
        (0x00100040, "CS", "unknown sex at birth"),
        (0x00101010, "AS", "ten"),
        (0x00100020, "LO", "X" * 70),
        (0x00080030, "TM", "noon"),
    ):
        header.add(DataElement(tag, vr, value, validation_mode=IGNORE))
    for ds in stored(header):
        assert ds["PatientBirthDate"].is_empty
        assert ds["PatientSex"].is_empty
        assert ds["StudyTime"].is_empty
        assert "PatientAge" not in ds
        assert ds.PatientID == "X" * 70


def test_numbers_that_are_none_stop_nothing() -> None:
    header = dx_header()
    for keyword, tag in (("ImagerPixelSpacing", 0x00181164), ("PatientSize", 0x00101020)):
        header.pop(keyword, None)
        header.add(DataElement(tag, "LO", "about so", validation_mode=IGNORE))
    buffer = BytesIO()
    header.file_meta.TransferSyntaxUID = ImplicitVRLittleEndian  # a journey that leaves the VR to the dictionary
    header.save_as(buffer, implicit_vr=True, little_endian=True)
    buffer.seek(0)
    assert len(stored(dcmread(buffer))) == 3


def test_the_node_is_the_equipment_and_the_modality_contributed() -> None:
    for ds in stored(dx_header()):
        assert (ds.Manufacturer, ds.ManufacturerModelName) == ("dicom-node project", "dicom-node bone age")
        assert ds.SoftwareVersions[0] == "0.1.0"
        assert ds.DeviceSerialNumber == "c0ffeec0ffeec0ff"
        modality, model = ds.ContributingEquipmentSequence
        assert (modality.Manufacturer, modality.ManufacturerModelName) == ("Invented X-ray Works", "Ray 3000")
        assert model.ManufacturerModelName == "whole-hand"


def test_the_sites_institution_stands_in_only_where_the_image_names_none() -> None:
    context = report_context(institution_name="Invented Hospital North")
    assert {ds.InstitutionName for ds in stored(dx_header(), context)} == {"Invented Clinic"}
    header = dx_header()
    del header.InstitutionName
    assert {ds.InstitutionName for ds in stored(header, context)} == {"Invented Hospital North"}


def test_all_times_are_that_of_the_reading() -> None:
    for ds in stored(dx_header()):
        dates = {ds.ContentDate, ds.SeriesDate, ds.InstanceCreationDate}
        times = {ds.ContentTime, ds.SeriesTime, ds.InstanceCreationTime}
        assert (dates, times) == ({"20260112"}, {"101830.250000"})
