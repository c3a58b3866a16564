"""A picture in the transfer syntax of its destination: its own UIDs, its own report, and the truth about loss."""

from io import BytesIO

import numpy as np
import pytest
from pydicom import Dataset, dcmread
from pydicom.dataset import FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, JPEGBaseline8Bit, RLELossless, SecondaryCaptureImageStorage

from dicom_node.report.build import build_objects
from dicom_node.report.contract import BuiltObject, ObjectKind
from dicom_node.report.encoding import compress
from dicom_node.report.rendition import PictureCompression
from tests.support.headers import case_of, dx_header, full_case, report_context

ALL = tuple(PictureCompression)
SYNTAXES = {
    PictureCompression.NONE: ExplicitVRLittleEndian,
    PictureCompression.RLE: RLELossless,
    PictureCompression.JPEG: JPEGBaseline8Bit,
}


@pytest.fixture(scope="module")
def objects() -> tuple[BuiltObject, ...]:
    return build_objects(full_case(), report_context(compressions=ALL, presentation_state=True))


def captures(objects: tuple[BuiltObject, ...]) -> dict[PictureCompression, Dataset]:
    return {one.compression: reread(one.dataset) for one in objects if one.kind == ObjectKind.CAPTURE}


def file_bytes(ds: Dataset) -> bytes:
    buffer = BytesIO()
    ds.save_as(buffer, enforce_file_format=True)
    return buffer.getvalue()


def reread(ds: Dataset) -> Dataset:
    return dcmread(BytesIO(file_bytes(ds)))


def test_there_is_a_report_a_fallback_and_a_picture_for_each_and_one_presentation_state(
    objects: tuple[BuiltObject, ...],
) -> None:
    whole = [(kind, compression) for compression in ALL for kind in list(ObjectKind)[:3]]
    assert [(one.kind, one.compression) for one in objects] == [*whole, ("presentation", "none")]
    assert len({one.dataset.SOPInstanceUID for one in objects}) == 10


def test_each_has_its_transfer_syntax(objects: tuple[BuiltObject, ...]) -> None:
    assert {each: ds.file_meta.TransferSyntaxUID for each, ds in captures(objects).items()} == SYNTAXES


def test_each_report_refers_to_the_picture_of_its_own_compression(objects: tuple[BuiltObject, ...]) -> None:
    pictures = captures(objects)
    for one in objects:
        if one.kind in (ObjectKind.REPORT, ObjectKind.REPORT_FALLBACK):
            referred = {str(item.value) for item in one.dataset.iterall() if item.keyword == "ReferencedSOPInstanceUID"}
            assert referred == {"2.25.1003", pictures[one.compression].SOPInstanceUID}


def test_rle_keeps_every_pixel_and_jpeg_nearly(objects: tuple[BuiltObject, ...]) -> None:
    pictures = captures(objects)
    plain, rle, jpeg = (pictures[each].pixel_array.astype(int) for each in ALL)
    np.testing.assert_array_equal(rle, plain)
    assert pictures[PictureCompression.JPEG].PhotometricInterpretation == "YBR_FULL_422"
    assert jpeg.shape == plain.shape
    assert np.abs(jpeg - plain).mean() < 4


def test_lossy_compression_is_told_with_ratio_and_method(objects: tuple[BuiltObject, ...]) -> None:
    pictures = captures(objects)
    assert pictures[PictureCompression.NONE].LossyImageCompression == "00"
    assert pictures[PictureCompression.RLE].LossyImageCompression == "00"
    ds = pictures[PictureCompression.JPEG]
    assert (ds.LossyImageCompression, ds.LossyImageCompressionMethod) == ("01", "ISO_10918_1")
    assert 5 < float(ds.LossyImageCompressionRatio) < 100


def test_loss_of_the_source_comes_before_our_own() -> None:
    header = dx_header()
    header.LossyImageCompression, header.LossyImageCompressionRatio = "01", "12"
    header.LossyImageCompressionMethod = "ISO_15444_1"
    built = build_objects(case_of(header), report_context(compressions=ALL))
    plain, rle, jpeg = captures(built).values()
    for ds in (plain, rle):
        assert (ds.LossyImageCompression, ds.LossyImageCompressionRatio) == ("01", 12)
    assert list(jpeg.LossyImageCompressionMethod) == ["ISO_15444_1", "ISO_10918_1"]
    assert jpeg.LossyImageCompressionRatio[0] == 12
    assert len(jpeg.LossyImageCompressionRatio) == 2


@pytest.mark.parametrize("compression", ALL)
def test_the_same_case_gives_the_same_bytes(compression: PictureCompression) -> None:
    context = report_context(compressions=(compression,), presentation_state=True)
    first, second = (build_objects(full_case(), context) for _ in range(2))
    assert [file_bytes(one.dataset) for one in first] == [file_bytes(one.dataset) for one in second]


def test_another_compression_changes_no_uid_of_the_uncompressed_objects() -> None:
    alone = build_objects(full_case(), report_context())
    beside = build_objects(full_case(), report_context(compressions=ALL))
    assert [one.dataset.SOPInstanceUID for one in alone] == [one.dataset.SOPInstanceUID for one in beside[:3]]


@pytest.mark.parametrize("shape", [(1, 1), (7, 5), (14, 11), (101, 67)])
@pytest.mark.parametrize("compression", ALL)
def test_a_picture_of_any_size_can_be_compressed(shape: tuple[int, int], compression: PictureCompression) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (*shape, 3), dtype=np.uint8)
    ds = Dataset()
    ds.file_meta = FileMetaDataset()
    ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    ds.SOPClassUID, ds.SOPInstanceUID = SecondaryCaptureImageStorage, "2.25.1"
    ds.Rows, ds.Columns, ds.SamplesPerPixel, ds.PlanarConfiguration = *shape, 3, 0
    ds.BitsAllocated, ds.BitsStored, ds.HighBit, ds.PixelRepresentation = 8, 8, 7, 0
    ds.PhotometricInterpretation, ds.PixelData = "RGB", pixels.tobytes() + bytes(pixels.nbytes % 2)
    compress(ds, pixels, compression)
    shown = reread(ds).pixel_array
    assert shown.shape == pixels.shape
    if compression is not PictureCompression.JPEG:
        np.testing.assert_array_equal(shown, pixels)
