"""The whole node among real peers: Orthanc is the PACS, DCMTK's storescu the modality.

Each image goes to the PACS and to the node, as a modality sends it; the answers come back into its study.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import pydicom
import pytest
from pydicom import Dataset
from pydicom.uid import Comprehensive3DSRStorage, EnhancedSRStorage, SecondaryCaptureImageStorage

from dicom_node.phantom import PhantomOptions, dataset
from tests.support import hospital, originals, tools
from tests.support.hospital import MODALITY, PHANTOMS, PIPELINES, Site
from tests.support.node import command

pytestmark = [pytest.mark.orthanc, pytest.mark.dcmtk, pytest.mark.dciodvfy]

ROUNDING_MONTHS = 0.06
"""The report has one decimal, and a batch may differ from a single image in the last bits."""
QUANTISATION_MONTHS = 0.5
"""8 bits stretched to 12 and stored inverted must not move a reading further."""
JPEG, IMPLICIT = "JPEGLosslessSV1", "ImplicitVRLittleEndian"
Line = dict[str, Any]
"""What `predict --json` says of one image."""


@dataclass(frozen=True)
class Case:
    """One phantom: who sends it, how it is drawn, and what storescu has to propose for its transfer syntax."""

    name: str
    calling: str
    options: PhantomOptions
    storescu: tuple[str, ...] = ()


CASES = (
    Case("girl", PHANTOMS, PhantomOptions(48, "F")),
    Case("monochrome1", PHANTOMS, PhantomOptions(132, "M", monochrome1=True)),
    Case("right-jpeg", PHANTOMS, PhantomOptions(100, "F", right_hand=True, transfer_syntax=JPEG), ("-xs",)),
    Case("noisy-implicit", PHANTOMS, PhantomOptions(160, "M", poisson=True, transfer_syntax=IMPLICIT)),
    Case("first-reader", MODALITY, PhantomOptions(120, "F")),
    Case("first-reader-rle", MODALITY, PhantomOptions(84, "M", transfer_syntax="RLELossless"), ("-xr",)),
)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Orthanc and the node, started once for this module."""
    with hospital.opened(tmp_path_factory.mktemp("site")) as opened:
        yield opened


@pytest.fixture(scope="module")
def phantoms(tmp_path_factory: pytest.TempPathFactory) -> dict[Path, Line]:
    """Every phantom's file with what `predict` says of it."""
    folder = tmp_path_factory.mktemp("phantoms")
    lines: dict[Path, Line] = {}
    for calling, pipeline in PIPELINES.items():
        (folder / pipeline).mkdir()
        for case in (case for case in CASES if case.calling == calling):
            write(dataset(case.options), folder / pipeline / f"{case.name}.dcm")
        lines |= predicted(pipeline, folder / pipeline)
    return lines


@pytest.fixture(scope="module")
def radiographs(tmp_path_factory: pytest.TempPathFactory, data_directory: Path) -> dict[Path, Line]:
    """Every radiograph's DX object with what `predict` says of it."""
    folder = tmp_path_factory.mktemp("radiographs")
    for image in originals.IMAGES:
        write(originals.as_dx(data_directory, image), folder / f"{image}.dcm")
    return predicted("bone_age", folder)


def write(ds: Dataset, path: Path) -> Path:
    """A whole DICOM file."""
    ds.save_as(path, enforce_file_format=True)
    return path


def new_phantom(path: Path, months: float) -> Dataset:
    """Write a phantom that no other test sends; its header."""
    ds = dataset(PhantomOptions(months, "F"), identity=str(uuid4()))
    write(ds, path)
    return ds


def predicted(pipeline: str, path: Path) -> dict[Path, Line]:
    """The lines of `dicom-node predict --json` for a file or a folder, by file."""
    result = command("predict", path, "--json", "--pipeline", pipeline)
    assert result.returncode == 0, result.stderr
    lines = [json.loads(line) for line in result.stdout.splitlines()]
    return {Path(line["file"]): line for line in lines}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_phantom_is_answered_in_its_study(site: Site, case: Case, phantoms: dict[Path, Line]) -> None:
    (path,) = (path for path in phantoms if path.stem == case.name)
    site.send(path, calling=case.calling, options=case.storescu)
    check_bone_age(check_answer(site, path), phantoms[path])


@pytest.mark.data
@pytest.mark.parametrize("image", originals.IMAGES, ids=str)
def test_a_radiograph_of_full_size_is_answered_in_its_study(
    site: Site, image: originals.Original, radiographs: dict[Path, Line]
) -> None:
    (path,) = (path for path in radiographs if path.stem == str(image))
    assert tools.iod_errors(path) == []
    site.send(path)
    check_bone_age(check_answer(site, path), radiographs[path])


@pytest.mark.data
def test_a_radiograph_reads_the_same_as_a_picture_and_as_dicom(
    radiographs: dict[Path, Line], data_directory: Path
) -> None:
    pictures = {path.stem: line for path, line in predicted("bone_age", data_directory / "originals").items()}
    for path, line in radiographs.items():
        readings = pictures[path.stem.split("-")[0]]["readings"]
        by_sex = {each["sex"]: each["bone_age_months"] for each in readings}
        assert line["bone_age_months"] == pytest.approx(by_sex[line["sex"]], abs=QUANTISATION_MONTHS), path.stem


def check_answer(site: Site, source_path: Path) -> Path:
    """Report and capture stand alone in the source's study, valid and under its patient; the report's file."""
    source = pydicom.dcmread(source_path, stop_before_pixels=True)
    added = site.answers(source.StudyInstanceUID)
    assert len(site.pacs.instances(source.StudyInstanceUID)) == 3
    files = {each["Tags"]["Modality"]: site.fetch(each) for each in added}
    assert sorted(files) == ["OT", "SR"]
    for path in files.values():
        assert tools.iod_errors(path) == []
        check_identity(pydicom.dcmread(path, stop_before_pixels=True), source)
    check_picture(pydicom.dcmread(files["OT"]))
    return files["SR"]


def check_identity(result: Dataset, source: Dataset) -> None:
    """Patient and study are those of the source; the series lies behind those of a modality."""
    for keyword in ("PatientName", "PatientID", "PatientBirthDate", "PatientSex", "StudyInstanceUID", "StudyID"):
        assert result.get(keyword) == source.get(keyword), keyword
    assert result.SeriesInstanceUID != source.SeriesInstanceUID
    assert result.SeriesNumber >= 9000


def check_picture(capture: Dataset) -> None:
    """A single RGB frame that shows something."""
    assert capture.SOPClassUID == SecondaryCaptureImageStorage
    assert capture.PhotometricInterpretation == "RGB"
    assert capture.pixel_array.std() > 10


def check_bone_age(report: Path, line: Line) -> None:
    """dsrdump reads from the PACS's report what the pipeline says of the file."""
    assert pydicom.dcmread(report).SOPClassUID in (Comprehensive3DSRStorage, EnhancedSRStorage)
    ages = tools.bone_ages_months(tools.document_text(report))
    assert line["status"] == "read"
    assert ages == (pytest.approx(line["bone_age_months"], abs=ROUNDING_MONTHS),)


def test_the_pacs_forwards_an_image_and_our_picture_and_gets_one_answer(site: Site) -> None:
    path = site.folder / "forwarded.dcm"
    study_uid = new_phantom(path, 72).StudyInstanceUID
    assert site.to_pacs(path).returncode == 0
    (image,) = site.pacs.instances(study_uid)
    site.pacs.send("node", image["ID"])
    (capture,) = (each for each in site.answers(study_uid) if each["Tags"]["Modality"] == "OT")
    site.pacs.send("node", capture["ID"])
    site.node.await_log("own-result")
    check_answer_of_a_later_image(site)
    assert len(site.pacs.instances(study_uid)) == 3


def test_an_image_sent_again_makes_no_second_result(site: Site) -> None:
    path = site.folder / "again.dcm"
    study_uid = new_phantom(path, 90).StudyInstanceUID
    site.send(path, calling=PHANTOMS)
    before = {each["Tags"]["SOPInstanceUID"] for each in site.answers(study_uid)}
    site.send(path, calling=PHANTOMS)
    check_answer_of_a_later_image(site)
    assert {each["Tags"]["SOPInstanceUID"] for each in site.answers(study_uid)} == before


def test_a_chest_image_is_taken_and_not_answered(site: Site) -> None:
    chest = as_chest(dataset(PhantomOptions(96, "F"), identity=str(uuid4())))
    site.send(write(chest, site.folder / "chest.dcm"))
    site.node.await_log("body-part")
    check_answer_of_a_later_image(site)
    assert len(site.pacs.instances(chest.StudyInstanceUID)) == 1


def check_answer_of_a_later_image(site: Site) -> None:
    """Whatever was sent before has had its time once a later image is answered."""
    path = site.folder / "later.dcm"
    new_phantom(path, 110)
    site.send(path, calling=PHANTOMS)
    check_answer(site, path)


def as_chest(ds: Dataset) -> Dataset:
    """The same object, described as a chest radiograph."""
    ds.StudyDescription = ds.SeriesDescription = "Chest PA"
    ds.BodyPartExamined = "CHEST"
    region = ds.AnatomicRegionSequence[0]
    region.CodeValue, region.CodeMeaning = "51185008", "Chest"
    return ds


def test_an_unknown_caller_is_refused_and_named_by_log_and_check(site: Site) -> None:
    path = site.folder / "stranger.dcm"
    new_phantom(path, 90)
    assert site.to_node(path, calling="STRANGER").returncode != 0
    assert MODALITY in site.node.await_log("STRANGER")
    checked = command("check", "--config", site.node.settings)
    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert "STRANGER" in checked.stdout


def test_a_call_for_another_ae_title_is_refused_and_the_log_says_what_is_configured(site: Site) -> None:
    path = site.folder / "misdialled.dcm"
    new_phantom(path, 90)
    assert site.to_node(path, called="BONEAGES").returncode != 0
    assert site.node.ae_title in site.node.await_log("BONEAGES").replace("BONEAGES", "")


def test_no_log_line_holds_a_patient(site: Site) -> None:
    path = site.folder / "logged.dcm"
    ds = new_phantom(path, 60)
    site.send(path, calling=PHANTOMS)
    site.answers(ds.StudyInstanceUID)
    log = site.node.log_text()
    for value in (str(ds.PatientName), ds.PatientID, ds.PatientBirthDate, ds.StudyInstanceUID, ds.SOPInstanceUID):
        assert value
        assert value not in log
