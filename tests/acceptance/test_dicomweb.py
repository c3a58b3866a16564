"""Orthanc with DICOMweb: what the node sends is stored, found by QIDO, and rendered where it is a picture."""

import urllib.error
from collections.abc import Iterator
from io import BytesIO

import numpy as np
import pytest
from PIL import Image
from pydicom import Dataset, dcmread

from dicom_node.report.rendition import PictureCompression
from tests.support import orthanc
from tests.support.answered import Answered, answered, delivered
from tests.support.orthanc import Orthanc

pytestmark = pytest.mark.orthanc
JPEG_LEVELS = 2.0
"""Mean difference of two decoders of the same JPEG, in grey levels."""


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Orthanc]:
    with orthanc.running(tmp_path_factory.mktemp("orthanc"), dicomweb=True) as running:
        yield running


@pytest.fixture(scope="module")
def answer(tmp_path_factory: pytest.TempPathFactory, archive: Orthanc) -> Answered:
    made = answered(tmp_path_factory.mktemp("answered"))
    archive.store(made.original)
    delivered(made, archive.dicom_port)
    return made


def values(found: dict[str, object], tag: str) -> object:
    """The values of an element in DICOM JSON."""
    return found[tag]["Value"]  # type: ignore[index]


def test_the_study_is_found_with_all_its_modalities_under_one_patient(archive: Orthanc, answer: Answered) -> None:
    (study,) = archive.qido("studies", StudyInstanceUID=answer.study_uid)
    assert sorted(values(study, "00080061")) == ["DX", "OT", "PR", "SR"]  # type: ignore[call-overload]
    assert len(archive.patients()) == 1


@pytest.mark.parametrize("kind", ["report", "capture"])
@pytest.mark.parametrize("compression", PictureCompression)
def test_every_report_and_picture_is_found(
    archive: Orthanc, answer: Answered, kind: str, compression: PictureCompression
) -> None:
    check_found(archive, answer.of(kind, compression))


def test_the_presentation_state_is_found(archive: Orthanc, answer: Answered) -> None:
    check_found(archive, answer.of("presentation"))


def check_found(archive: Orthanc, sent: Dataset) -> None:
    """QIDO finds the object in its series by its class, and its series by number and description."""
    series = f"studies/{sent.StudyInstanceUID}/series"
    (found,) = archive.qido(f"{series}/{sent.SeriesInstanceUID}/instances", SOPInstanceUID=sent.SOPInstanceUID)
    assert values(found, "00080016") == [sent.SOPClassUID]
    (listed,) = archive.qido(series, SeriesInstanceUID=sent.SeriesInstanceUID)
    assert values(listed, "00080060") == [sent.Modality]
    assert values(listed, "0008103E") == [sent.SeriesDescription]
    assert values(listed, "00200011") == [sent.SeriesNumber]


@pytest.mark.parametrize("compression", PictureCompression)
def test_a_picture_is_rendered_as_it_is(archive: Orthanc, answer: Answered, compression: PictureCompression) -> None:
    sent = answer.of("capture", compression)
    rendered = np.asarray(Image.open(BytesIO(archive.rendered(sent))).convert("RGB"))
    apart = np.abs(rendered.astype(int) - sent.pixel_array)
    assert apart.mean() <= (JPEG_LEVELS if compression is PictureCompression.JPEG else 0)


def test_the_original_is_rendered_beside_it(archive: Orthanc, answer: Answered) -> None:
    rendered = Image.open(BytesIO(archive.rendered(dcmread(answer.original))))
    assert rendered.size == (400, 500)


@pytest.mark.parametrize("kind", ["report", "presentation"])
def test_the_server_draws_neither_reports_nor_boxes(archive: Orthanc, answer: Answered, kind: str) -> None:
    """Why a picture goes along: what is no image has no rendering."""
    with pytest.raises(urllib.error.HTTPError) as refused:
        archive.rendered(answer.of(kind))
    assert refused.value.code in (400, 406, 415)
