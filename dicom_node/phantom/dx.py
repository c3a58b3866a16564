"""A Digital X-Ray Image for presentation (PS3.3 A.26) from pixels and a few header values."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import NAMESPACE_OID, uuid5

import numpy as np
from numpy.typing import NDArray
from pydicom import Dataset
from pydicom.dataset import FileMetaDataset
from pydicom.sr.codedict import Code
from pydicom.uid import DigitalXRayImageStorageForPresentation, ExplicitVRLittleEndian

from dicom_node import __version__

_HAND = Code("85562004", "SCT", "Hand")
_POSTERO_ANTERIOR = Code("272479007", "SCT", "postero-anterior")


@dataclass(frozen=True)
class Exposure:
    """Who was exposed, when and how. Nobody in it exists: names and numbers are made up by the caller.

    identity: the UIDs of study, series and image derive from it, so equal ones name the same image.
    sex: "F", "M", "O" or "" (unknown).  spacing_mm: row and column, at the detector.
    """

    identity: str
    patient_name: str
    patient_id: str
    sex: str
    birth_date: date | None
    acquired: datetime
    spacing_mm: tuple[float, float]
    right_hand: bool = False
    comment: str = ""
    study_description: str = "XR bone age left hand"
    series_description: str = "Hand PA"
    manufacturer: str = "Phantom"
    model_name: str = "Drawn radiograph"
    institution_name: str = ""
    accession_number: str = ""


def dx_dataset(
    pixels: NDArray[np.unsignedinteger[Any]],
    exposure: Exposure,
    *,
    monochrome1: bool = False,
    bits_stored: int = 12,
) -> Dataset:
    """A whole DX object, explicit little endian, with file meta.

    pixels: (H, W) unsigned, bone bright, 0 to 2**bits_stored - 1; 6 to 8 bits are stored in 8, 9 to 16 in 16.
    monochrome1: the same picture stored inverted, with PresentationLUTShape INVERSE.
    Raises ValueError for pixels of another shape or range.
    """
    top = 2**bits_stored - 1
    if pixels.ndim != 2 or not 6 <= bits_stored <= 16 or int(pixels.min()) < 0 or int(pixels.max()) > top:
        raise ValueError(f"pixels are (H, W), 0 to {top} in 6 to 16 bits")
    ds = Dataset()
    _patient_and_study(ds, exposure)
    _series_and_equipment(ds, exposure)
    _image(ds, exposure)
    _anatomy_and_position(ds, exposure)
    _detector(ds, exposure)
    _pixels(ds, top - pixels if monochrome1 else pixels, monochrome1, bits_stored)
    ds.file_meta = FileMetaDataset()
    ds.file_meta.MediaStorageSOPClassUID = ds.SOPClassUID
    ds.file_meta.MediaStorageSOPInstanceUID = ds.SOPInstanceUID
    ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    return ds


def _uid(exposure: Exposure, level: str) -> str:
    """Derived from a UUID of the name (PS3.5 B.2), so that equal identities have equal UIDs."""
    return f"2.25.{uuid5(NAMESPACE_OID, f'dicom-node phantom/{level}/{exposure.identity}').int}"


def _patient_and_study(ds: Dataset, exposure: Exposure) -> None:
    """PS3.3 C.7.1.1, C.7.2.1, C.7.2.2."""
    ds.SpecificCharacterSet = "ISO_IR 192"
    ds.PatientName = exposure.patient_name
    ds.PatientID = exposure.patient_id
    ds.PatientSex = exposure.sex
    ds.PatientBirthDate = "" if exposure.birth_date is None else f"{exposure.birth_date:%Y%m%d}"
    if exposure.birth_date is not None:
        ds.PatientAge = _age(exposure.birth_date, exposure.acquired.date())
    ds.StudyInstanceUID = _uid(exposure, "study")
    ds.StudyDate, ds.StudyTime = _moment(exposure.acquired)
    ds.StudyDescription = exposure.study_description
    ds.ReferringPhysicianName = ""
    ds.StudyID = "1"
    ds.AccessionNumber = exposure.accession_number


def _age(born: date, on: date) -> str:
    """Completed months up to 999 (PS3.5 6.2, AS)."""
    months = (on.year - born.year) * 12 + on.month - born.month - (on.day < born.day)
    return f"{min(max(months, 0), 999):03d}M"


def _moment(when: datetime) -> tuple[str, str]:
    return f"{when:%Y%m%d}", f"{when:%H%M%S}"


def _series_and_equipment(ds: Dataset, exposure: Exposure) -> None:
    """PS3.3 C.7.3.1, C.8.11.1, C.7.5.1."""
    ds.Modality = "DX"
    ds.SeriesInstanceUID = _uid(exposure, "series")
    ds.SeriesNumber = 1
    ds.SeriesDate, ds.SeriesTime = _moment(exposure.acquired)
    ds.SeriesDescription = exposure.series_description
    ds.PresentationIntentType = "FOR PRESENTATION"
    ds.BodyPartExamined = "HAND"
    ds.Manufacturer = exposure.manufacturer
    ds.ManufacturerModelName = exposure.model_name
    ds.InstitutionName = exposure.institution_name
    ds.SoftwareVersions = __version__
    ds.DeviceSerialNumber = "0"


def _image(ds: Dataset, exposure: Exposure) -> None:
    """PS3.3 C.7.6.1, C.8.11.3, C.7.6.14, C.12.1."""
    ds.SOPClassUID = DigitalXRayImageStorageForPresentation
    ds.SOPInstanceUID = _uid(exposure, "image")
    ds.InstanceNumber = 1
    ds.ImageType = ["ORIGINAL", "PRIMARY", ""]
    ds.ContentDate, ds.ContentTime = _moment(exposure.acquired)
    ds.AcquisitionDate, ds.AcquisitionTime = _moment(exposure.acquired)
    ds.AcquisitionNumber = 1
    ds.AcquisitionContextSequence = []
    ds.BurnedInAnnotation = "NO"
    ds.LossyImageCompression = "00"
    if exposure.comment:
        ds.ImageComments = exposure.comment


def _anatomy_and_position(ds: Dataset, exposure: Exposure) -> None:
    """PS3.3 C.8.11.2, C.8.11.5: postero-anterior, fingers up, so the picture's foot is towards the head.

    Seen from the back of either hand, the patient's left is on the right of the picture.
    """
    ds.ImageLaterality = "R" if exposure.right_hand else "L"
    ds.AnatomicRegionSequence = [_coded(_HAND)]
    ds.PatientOrientation = ["L", "H"]
    ds.ViewPosition = "PA"
    view = _coded(_POSTERO_ANTERIOR)
    view.ViewModifierCodeSequence = []
    ds.ViewCodeSequence = [view]
    ds.PositionerType = "NONE"


def _coded(code: Code) -> Dataset:
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = code.value, code.scheme_designator, code.meaning
    return item


def _detector(ds: Dataset, exposure: Exposure) -> None:
    """PS3.3 C.8.11.4."""
    ds.DetectorType = "DIRECT"
    ds.DetectorConfiguration = "AREA"
    ds.DetectorDescription = "None: a drawing"
    ds.ImagerPixelSpacing = [f"{spacing:.6g}" for spacing in exposure.spacing_mm]


def _pixels(ds: Dataset, stored: NDArray[np.unsignedinteger[Any]], monochrome1: bool, bits_stored: int) -> None:
    """PS3.3 C.7.6.3, C.8.11.3, C.11.2, C.11.6."""
    bits_allocated = 8 if bits_stored <= 8 else 16
    ds.SamplesPerPixel = 1
    ds.PhotometricInterpretation = "MONOCHROME1" if monochrome1 else "MONOCHROME2"
    ds.Rows, ds.Columns = stored.shape
    ds.BitsAllocated, ds.BitsStored, ds.HighBit = bits_allocated, bits_stored, bits_stored - 1
    ds.PixelRepresentation = 0
    ds.PixelIntensityRelationship = "LOG"
    # -1: higher stored values mean less X-ray intensity, as with bright bone.
    ds.PixelIntensityRelationshipSign = 1 if monochrome1 else -1
    ds.RescaleIntercept, ds.RescaleSlope, ds.RescaleType = "0", "1", "US"
    ds.WindowCenter, ds.WindowWidth = str(2 ** (bits_stored - 1)), str(2**bits_stored)
    ds.PresentationLUTShape = "INVERSE" if monochrome1 else "IDENTITY"
    ds.add_new("PixelData", "OB" if bits_allocated == 8 else "OW", _even(stored, bits_allocated))


def _even(stored: NDArray[np.unsignedinteger[Any]], bits_allocated: int) -> bytes:
    """Little endian, padded to an even length (PS3.5 8.1.1)."""
    raw = stored.astype("<u1" if bits_allocated == 8 else "<u2").tobytes()
    return raw + b"\0" * (len(raw) % 2)
