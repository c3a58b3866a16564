"""A viewer of the field, OHIF in Chromium on Orthanc's DICOMweb, shows picture, original, and the report's numbers.

It lists the presentation state, and does not show it.
"""

from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from pydicom import dcmread

from dicom_node.report.rendition import PictureCompression
from dicom_node.work.decode import decode
from tests.support import orthanc, viewer
from tests.support.answered import Answered, answered, delivered
from tests.support.viewer import Listed, ShownStudy

pytestmark = [pytest.mark.orthanc, pytest.mark.viewer, pytest.mark.timeout(900)]
JPEG_LEVELS = 2.0
"""Mean difference of two decoders of the same JPEG, in grey levels."""
DRAWN_LEVELS = 0.5
"""Mean difference of the browser's interpolation and OpenCV's, in grey levels; red and blue exchanged make 2."""


@pytest.fixture(scope="module")
def answer(tmp_path_factory: pytest.TempPathFactory) -> Answered:
    return answered(tmp_path_factory.mktemp("answered"))


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory, answer: Answered) -> Iterator[ShownStudy]:
    """The study in the viewer, opened once."""
    viewer.require()
    folder: Path = tmp_path_factory.mktemp("viewer")
    with orthanc.running(folder / "orthanc", dicomweb=True) as archive:
        archive.store(answer.original)
        delivered(answer, archive.dicom_port)
        yield viewer.shown(archive.url, answer.study_uid, folder)


@pytest.mark.parametrize("compression", PictureCompression)
def test_a_picture_of_each_compression_is_decoded_to_its_own_pixels(
    study: ShownStudy, answer: Answered, compression: PictureCompression
) -> None:
    sent = answer.of("capture", compression)
    decoded = study.images[sent.SOPInstanceUID].decoded
    apart = np.abs(decoded.astype(int) - sent.pixel_array)
    assert apart.mean() <= (JPEG_LEVELS if compression is PictureCompression.JPEG else 0)


@pytest.mark.parametrize("compression", PictureCompression)
def test_a_picture_of_each_compression_is_drawn_whole_and_in_its_colours(
    study: ShownStudy, answer: Answered, compression: PictureCompression
) -> None:
    sent = answer.of("capture", compression)
    canvas = study.images[sent.SOPInstanceUID].canvas
    assert mean_difference(canvas, fitted(sent.pixel_array, canvas.shape)) < DRAWN_LEVELS


def test_the_original_is_drawn_as_the_reader_sees_it(study: ShownStudy, answer: Answered) -> None:
    """A MONOCHROME1 image with its window: bone bright."""
    original = dcmread(answer.original)
    shown = study.images[original.SOPInstanceUID]
    assert np.array_equal(shown.decoded, original.pixel_array)
    grey = np.round(255 * decode(answer.original).pixels).astype(np.uint8)
    assert mean_difference(shown.canvas, fitted(np.dstack([grey] * 3), shown.canvas.shape)) < DRAWN_LEVELS


def test_the_report_is_drawn_over_the_original_with_its_bone_age(study: ShownStudy) -> None:
    labels = " ".join(study.report)
    for words in ("XR Bone age: 123.40 mo", "Chronological age: 127.00 mo", "Certainty of Finding: 97.50 %", "Ulna"):
        assert words in labels


def test_boxes_are_listed_and_called_unsupported(study: ShownStudy) -> None:
    """If this fails, the viewer has learnt something, and docs/results/viewers.md must say so."""
    assert sorted(study.listed, key=str) == [
        Listed("DX", False),
        Listed("OT", False),
        Listed("PR", True),
        Listed("SR", False),
    ]


def fitted(pixels: NDArray[np.uint8], shape: tuple[int, ...]) -> NDArray[np.uint8]:
    """A picture in the middle of a black canvas of this shape, as large as it goes."""
    height, width = shape[:2]
    scale = min(height / pixels.shape[0], width / pixels.shape[1])
    across, down = (width - scale * pixels.shape[1]) / 2, (height - scale * pixels.shape[0]) / 2
    placed = np.array([[scale, 0, across + (scale - 1) / 2], [0, scale, down + (scale - 1) / 2]])
    return np.asarray(cv2.warpAffine(pixels, placed, (width, height), flags=cv2.INTER_LINEAR), dtype=np.uint8)


def mean_difference(one: NDArray[np.uint8], other: NDArray[np.uint8]) -> float:
    """Mean absolute difference in grey levels."""
    return float(np.abs(one.astype(float) - other).mean())
