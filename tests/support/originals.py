"""Radiographs from PNG files as the DX objects that a modality would send: 12 bit, of invented patients."""

import csv
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from pydicom import Dataset

from dicom_node.phantom import Exposure, dx_dataset

ACQUIRED = datetime(2026, 3, 17, 10, 42, 5)
DAYS_A_MONTH = 30.4375


@dataclass(frozen=True)
class Original:
    """A radiograph of `originals/`, and how its object differs from the others.

    age_difference_months: invented chronological age minus the bone age of the labels; None leaves the birth date out.
    """

    image: str
    monochrome1: bool
    age_difference_months: float | None
    patient_name: str

    def __str__(self) -> str:
        return f"{self.image}-{'MONOCHROME1' if self.monochrome1 else 'MONOCHROME2'}"


IMAGES = (
    Original("1377", False, 5, "MUSTERFRAU^ÄNNE"),
    Original("1418", True, -3, "DOE^JANE^Q"),
    Original("1511", False, None, "MUSTERMANN^JÜRGEN"),
    Original("1513", True, 11, "DUPONT-EXEMPLE^RENÉ"),
    Original("1515", False, -9, "EJEMPLO^NIÑA"),
    Original("1517", True, None, "SAMPLE^PAT"),
    Original("1519", True, 2, "ESEMPIO^CHIARA"),
)


@dataclass(frozen=True)
class Label:
    """Sex and bone age of an image, as its readers said."""

    sex: str
    bone_age_months: float


def label(data: Path, image: str) -> Label:
    """The line of `rsna299/labels.csv` for an image."""
    with (data / "rsna299" / "labels.csv").open(encoding="utf-8", newline="") as lines:
        row = next(row for row in csv.DictReader(lines) if row["id"] == image)
    return Label(row["sex"], float(row["bone_age_months"]))


def as_dx(data: Path, original: Original) -> Dataset:
    """The radiograph as a 12-bit DX object for presentation, at its full size."""
    told = label(data, original.image)
    grey = np.asarray(Image.open(data / "originals" / f"{original.image}.png").convert("L"), dtype=np.uint16)
    exposure = Exposure(
        identity=f"original {original}",
        patient_name=original.patient_name,
        patient_id=f"TEST-{original.image}",
        sex=told.sex,
        birth_date=_birth_date(told.bone_age_months, original.age_difference_months),
        acquired=ACQUIRED,
        spacing_mm=(0.139, 0.139),
        study_description="RX Hand li.",
        series_description="Hand dv",
        manufacturer="Invented Imaging",
        model_name="Flat Panel 43",
        institution_name="Teaching Hospital of Nowhere",
        accession_number=f"A{original.image}",
    )
    ds = dx_dataset(twelve_bit(grey), exposure, monochrome1=original.monochrome1)
    _as_a_modality_writes(ds)
    return ds


def twelve_bit(grey: NDArray[np.uint16]) -> NDArray[np.uint16]:
    """(H, W) 0 to 255 -> 0 to 4095, the whole range used."""
    return ((grey.astype(np.uint32) * 4095 + 127) // 255).astype(np.uint16)


def _birth_date(bone_age_months: float, difference_months: float | None) -> date | None:
    if difference_months is None:
        return None
    return (ACQUIRED - timedelta(days=(bone_age_months + difference_months) * DAYS_A_MONTH)).date()


def _as_a_modality_writes(ds: Dataset) -> None:
    """Latin-1 text, acquisition values and a private block, as found in detectors' objects."""
    ds.SpecificCharacterSet = "ISO_IR 100"
    ds.StationName = "XR02"
    ds.ProtocolName = "Hand dv"
    ds.OperatorsName = "TECHNOLOGIST^SAMPLE"
    ds.SoftwareVersions = ["4.1", "FP43_2.7"]
    ds.DeviceSerialNumber = "INV-0042"
    ds.DetectorDescription = "Invented flat panel"
    ds.KVP = "50"
    ds.ExposureTime = "12"
    ds.XRayTubeCurrent = "200"
    ds.DistanceSourceToDetector = "1050"
    ds.Grid = "NONE"
    block = ds.private_block(0x0019, "INVENTED IMAGING 1.0", create=True)
    block.add_new(0x01, "LO", "RAW GAIN 3")
    block.add_new(0x02, "DS", "1.25")
