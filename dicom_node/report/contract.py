"""What the report builder takes and gives."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydicom import Dataset

from dicom_node.report.rendition import PictureCompression
from pipelines.contract import ModelIdentity, Reading, Refusal


class ObjectKind(StrEnum):
    """What a result object is."""

    REPORT = "report"
    """Comprehensive 3D SR, TID 1500."""
    REPORT_FALLBACK = "report-fallback"
    """The same content as Enhanced SR, for destinations that do not take the first."""
    CAPTURE = "capture"
    """The secondary capture: radiograph, heatmap and panel, or the refusal in words."""
    PRESENTATION = "presentation"
    """Grayscale Softcopy Presentation State: boxes and labels that a reader can toggle over the original."""


@dataclass(frozen=True)
class ReportContext:
    """What the objects say beside the reading, and which of them are wanted.

    content_sha256: of the image version read; pipeline_fingerprint: of YAML, weights and calibration; both go
    into the UIDs. now: the time of reading, with its zone.
    compressions: of the pictures, one set of report and picture each; presentation_state, refusal_picture: whether
    these are made. font_file: a site's own typeface, None for those that come along.
    """

    content_sha256: str
    pipeline_name: str
    pipeline_fingerprint: str
    software_version: str
    now: datetime
    station_ae_title: str = ""
    institution_name: str = ""
    site_words: str = ""
    series_number: int = 9001
    picture_side_px: int = 1024
    burn_in_identity: bool = False
    font_file: Path | None = None
    compressions: tuple[PictureCompression, ...] = (PictureCompression.NONE,)
    presentation_state: bool = False
    refusal_picture: bool = True


@dataclass(frozen=True)
class BuiltObject:
    """One finished object, ready to be written down once and sent as it is.

    compression: of the picture that it is or refers to; a destination gets the objects of one.
    """

    kind: ObjectKind
    dataset: Dataset
    compression: PictureCompression = PictureCompression.NONE


@dataclass(frozen=True)
class EarlierReading:
    """What the node read in an earlier exposure of the same patient. Ages in months; on: the day of the exposure."""

    age_months: float
    bone_age_months: float
    on: date


@dataclass(frozen=True)
class Predecessor:
    """The report that a new one supersedes, as its documents stand in the archive.

    documents: (compression, data set) of each; SOP class and instance, study and series are looked at.
    reason: why there is a new one, in ASCII words without patient data, as "sex corrected".
    """

    documents: tuple[tuple[PictureCompression, Dataset], ...]
    made_at: datetime
    reason: str


@dataclass(frozen=True)
class ReadCase:
    """Everything the builder needs of one image.

    header: the source's data set without pixel data; pixels: (H, W) float32 in [0, 1], bone bright, original frame.
    age_months: chronological age at the exposure (`report.subject.chronological_age_months`), None where unknown.
    earlier: the patient's earlier readings, for the growth plot. predecessor: None for a first report.
    """

    header: Dataset
    pixels: NDArray[np.float32]
    reading: Reading
    age_months: float | None = None
    earlier: tuple[EarlierReading, ...] = ()
    predecessor: Predecessor | None = None


@dataclass(frozen=True)
class RefusedCase:
    """A candidate that is not read. pixels: as in `ReadCase`, None where there is no picture of it."""

    header: Dataset
    refusal: Refusal
    pixels: NDArray[np.float32] | None = None
    predecessor: Predecessor | None = None


AnyCase = ReadCase | RefusedCase


def models_of(case: AnyCase) -> tuple[ModelIdentity, ...]:
    """The models that took part in the answer."""
    return case.reading.models if isinstance(case, ReadCase) else case.refusal.models
