"""What the report builder takes and gives."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray
from pydicom import Dataset

from pipelines.contract import Reading


class ObjectKind(StrEnum):
    """What a result object is."""

    REPORT = "report"
    """Comprehensive 3D SR, TID 1500."""
    REPORT_FALLBACK = "report-fallback"
    """The same content as Enhanced SR, for destinations that do not take the first."""
    CAPTURE = "capture"
    """The secondary capture with the heatmap."""


@dataclass(frozen=True)
class ReportContext:
    """What the objects say beside the reading.

    content_sha256: of the image version read; pipeline_fingerprint: of YAML, weights and calibration; both go
    into the UIDs. now: the time of reading, with its zone.
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


@dataclass(frozen=True)
class BuiltObject:
    """One finished object, ready to be written down once and sent as it is."""

    kind: ObjectKind
    dataset: Dataset


@dataclass(frozen=True)
class ReadCase:
    """Everything the builder needs of one image.

    header: the source's data set without pixel data; pixels: (H, W) float32 in [0, 1], bone bright, original frame.
    age_months: chronological age at the exposure (`report.subject.chronological_age_months`), None where unknown.
    """

    header: Dataset
    pixels: NDArray[np.float32]
    reading: Reading
    age_months: float | None = None
