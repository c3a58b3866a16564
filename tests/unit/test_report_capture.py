"""The secondary capture carries what a PACS needs beside the picture."""

from io import BytesIO

import numpy as np
import pytest
from PIL import ImageCms
from pydicom import Dataset

from dicom_node.report.build import build_objects
from dicom_node.report.contract import ObjectKind
from dicom_node.report.sc import srgb_profile
from dicom_node.report.words import WORDS_OF_USE
from tests.support.headers import case_of, dx_header, report_context, sparse_header


def capture_of(header: Dataset) -> Dataset:
    return next(
        one.dataset for one in build_objects(case_of(header), report_context()) if one.kind == ObjectKind.CAPTURE
    )


def test_it_is_a_single_rgb_frame_derived_from_the_source() -> None:
    header = dx_header()
    ds = capture_of(header)
    assert (ds.Modality, ds.ConversionType, list(ds.ImageType)) == ("OT", "WSD", ["DERIVED", "SECONDARY", "OTHER"])
    assert (ds.PhotometricInterpretation, ds.SamplesPerPixel, ds.BitsStored) == ("RGB", 3, 8)
    assert ds.pixel_array.shape == (ds.Rows, ds.Columns, 3)
    (source,) = ds.SourceImageSequence
    assert source.ReferencedSOPInstanceUID == header.SOPInstanceUID
    assert source.PurposeOfReferenceCodeSequence[0].CodeValue == "121322"
    assert WORDS_OF_USE in ds.DerivationDescription


def test_it_names_its_capture_device_its_region_and_its_colour_space() -> None:
    ds = capture_of(dx_header())
    assert ds.SecondaryCaptureDeviceManufacturer == "dicom-node project"
    assert ds.SecondaryCaptureDeviceSoftwareVersions == "0.1.0"
    assert (ds.BodyPartExamined, ds.ImageLaterality, ds.ColorSpace) == ("HAND", "L", "SRGB")
    assert "Laterality" not in ds
    assert list(ds.PatientOrientation) == ["L", "F"]


def test_the_profile_is_srgb_and_the_same_each_time() -> None:
    srgb_profile.cache_clear()
    first = srgb_profile()
    srgb_profile.cache_clear()
    assert srgb_profile() == first
    assert "sRGB" in ImageCms.getProfileName(ImageCms.getOpenProfile(BytesIO(first)))


@pytest.mark.parametrize("value", ["YES", "NO", None])
def test_burned_in_annotation_is_what_the_source_says_and_nothing_else(value: str | None) -> None:
    header = dx_header()
    del header.BurnedInAnnotation
    if value:
        header.BurnedInAnnotation = value
    assert capture_of(header).get("BurnedInAnnotation") == value


def test_a_lossy_source_stays_lossy() -> None:
    header = dx_header()
    header.LossyImageCompression, header.LossyImageCompressionRatio = "01", "12"
    header.LossyImageCompressionMethod = "ISO_10918_1"
    ds = capture_of(header)
    assert (ds.LossyImageCompression, ds.LossyImageCompressionRatio) == ("01", 12)
    assert capture_of(dx_header()).LossyImageCompression == "00"


def test_monochrome1_in_the_header_does_not_turn_the_picture() -> None:
    pictures = [capture_of(dx_header(photometric=one)).pixel_array for one in ("MONOCHROME1", "MONOCHROME2")]
    np.testing.assert_array_equal(*pictures)


def test_without_a_side_or_orientation_these_are_empty() -> None:
    ds = capture_of(sparse_header())
    assert ds["Laterality"].is_empty
    assert ds["PatientOrientation"].is_empty
    assert "ImageLaterality" not in ds
