"""What highdicom alone makes of the same picture and of one bone age: the references of the gallery's costs."""

import numpy as np
from highdicom.sc import SCImage
from highdicom.sr import (
    Comprehensive3DSR,
    DeviceObserverIdentifyingAttributes,
    Measurement,
    MeasurementReport,
    MeasurementsAndQualitativeEvaluations,
    ObservationContext,
    ObserverContext,
    TrackingIdentifier,
)
from numpy.typing import NDArray
from pydicom import Dataset
from pydicom.sr.codedict import codes
from pydicom.uid import ExplicitVRLittleEndian, generate_uid

from dicom_node.report.codes import BONE_AGE, BONE_AGE_RADIOGRAPH
from dicom_node.report.encoding import compress
from dicom_node.report.rendition import PictureCompression

_MANUFACTURER = "reference"


def plain_capture(pixels: NDArray[np.uint8], source: Dataset, compression: PictureCompression) -> Dataset:
    """A capture of pixels that are drawn already, with no attribute but those that highdicom asks for.

    pixels: (H, W, 3).
    """
    ds = SCImage(
        pixel_array=pixels,
        photometric_interpretation="RGB",
        bits_allocated=8,
        coordinate_system="PATIENT",
        patient_orientation=("L", "F"),
        study_instance_uid=source.StudyInstanceUID,
        series_instance_uid=generate_uid(),
        series_number=1,
        sop_instance_uid=generate_uid(),
        instance_number=1,
        manufacturer=_MANUFACTURER,
        transfer_syntax_uid=ExplicitVRLittleEndian,
    )
    compress(ds, pixels, compression)
    return ds


def plain_report(source: Dataset) -> Dataset:
    """A Comprehensive 3D SR of one measurement group (TID 1500, TID 1501)."""
    device = ObserverContext(codes.DCM.Device, DeviceObserverIdentifyingAttributes(generate_uid()))
    group = MeasurementsAndQualitativeEvaluations(
        TrackingIdentifier(generate_uid(), "Whole hand"),
        measurements=[Measurement(BONE_AGE, 123.4, codes.UCUM.Month)],
    )
    content = MeasurementReport(
        ObservationContext(observer_device_context=device), BONE_AGE_RADIOGRAPH, imaging_measurements=[group]
    )
    return Comprehensive3DSR(
        evidence=[source],
        content=content,
        series_instance_uid=generate_uid(),
        series_number=1,
        sop_instance_uid=generate_uid(),
        instance_number=1,
        manufacturer=_MANUFACTURER,
    )
