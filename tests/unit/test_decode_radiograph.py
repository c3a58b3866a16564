"""What a pipeline is told of an exposure beside its pixels."""

from io import BytesIO
from typing import Any

import numpy as np
import pytest
from pydicom import DataElement, Dataset, dcmread
from pydicom.config import IGNORE

from dicom_node.work.decode import DecodedImage
from dicom_node.work.radiograph import pixel_aspect, radiograph, spacing_mm
from pipelines.contract import HandRadiograph, Laterality, Sex


def header(**attributes: Any) -> Dataset:
    ds = Dataset()
    for keyword, value in attributes.items():
        setattr(ds, keyword, value)
    return ds


def exposure(ds: Dataset, **given: Any) -> HandRadiograph:
    return radiograph(DecodedImage(ds, np.zeros((4, 4), np.float32), frames=2), **given)


def test_an_empty_header_says_nothing() -> None:
    said = exposure(Dataset())
    assert (said.sex, said.age_months, said.laterality, said.spacing_mm) == (None, None, None, None)
    assert said.frames == 2


def test_sex_age_and_side_come_from_the_header() -> None:
    ds = header(PatientSex="M", PatientBirthDate="20160101", StudyDate="20260101", ImageLaterality="R")
    said = exposure(ds)
    assert said.sex is Sex.MALE
    assert said.age_months == pytest.approx(120, abs=0.1)
    assert said.laterality is Laterality.RIGHT


def test_sex_and_age_that_are_given_stand_in_front() -> None:
    ds = header(PatientSex="M", PatientBirthDate="20160101", StudyDate="20260101")
    said = exposure(ds, sex=Sex.FEMALE, age_months=0.0)
    assert said.sex is Sex.FEMALE
    assert said.age_months == 0


@pytest.mark.filterwarnings("ignore:Invalid value for VR DA")
@pytest.mark.parametrize("birth", ["19000101", "20270101", "", "2016"])
def test_an_implausible_birth_date_gives_no_age(birth: str) -> None:
    assert exposure(header(PatientBirthDate=birth, StudyDate="20260101")).age_months is None


@pytest.mark.parametrize(
    ("attributes", "spacing"),
    [
        ({}, None),
        ({"ImagerPixelSpacing": [0.14, 0.14]}, None),
        ({"PixelSpacing": [0.14, 0.14]}, None),
        ({"PixelSpacing": [0.14, 0.14], "ImagerPixelSpacing": [0.14, 0.14]}, None),
        ({"PixelSpacing": [0.13, 0.13], "ImagerPixelSpacing": [0.14, 0.14]}, (0.13, 0.13)),
        ({"PixelSpacing": [0.14, 0.14], "PixelSpacingCalibrationType": "FIDUCIAL"}, (0.14, 0.14)),
    ],
)
def test_only_a_calibrated_spacing_counts(attributes: dict[str, Any], spacing: tuple[float, float] | None) -> None:
    assert spacing_mm(header(**attributes)) == spacing


@pytest.mark.parametrize(
    ("attributes", "aspect"),
    [
        ({}, 1.0),
        ({"PixelAspectRatio": [2, 1]}, 2.0),
        ({"ImagerPixelSpacing": [0.1, 0.2]}, 0.5),
        ({"PixelSpacing": [0.2, 0.2], "PixelAspectRatio": [2, 1]}, 1.0),
        ({"PixelAspectRatio": [0, 1]}, 1.0),
    ],
)
def test_the_shape_of_a_pixel_comes_from_a_spacing_or_the_aspect_ratio(
    attributes: dict[str, Any], aspect: float
) -> None:
    assert pixel_aspect(header(**attributes)) == aspect
    assert exposure(header(**attributes)).pixel_aspect == aspect


def test_a_spacing_that_is_no_number_stops_nothing() -> None:
    ds = header()
    ds.add(DataElement(0x00181164, "LO", "about so", validation_mode=IGNORE))
    buffer = BytesIO()
    ds.save_as(buffer, implicit_vr=True, little_endian=True)  # a journey that leaves the VR to the dictionary
    buffer.seek(0)
    said = exposure(dcmread(buffer, force=True))
    assert (said.spacing_mm, said.pixel_aspect) == (None, 1.0)
