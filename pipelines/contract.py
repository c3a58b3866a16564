"""What goes into a pipeline and what comes out. Numpy only, so that anyone may import it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

import numpy as np
from numpy.typing import NDArray


class Sex(StrEnum):
    """Patient's sex as the readers know it (PS3.3 C.7.1.1, without O)."""

    FEMALE = "F"
    MALE = "M"


class Laterality(StrEnum):
    """Which hand."""

    LEFT = "L"
    RIGHT = "R"


@dataclass(frozen=True)
class HandRadiograph:
    """One exposure, as a reader looks at it.

    pixels: (H, W) float32 in [0, 1], bone bright, after modality, VOI and presentation LUT.
    frames: frames the object holds; pixels are the first.
    spacing_mm: row and column spacing, None where unknown or uncalibrated.
    pixel_aspect: height of a pixel over its width.
    age_months: chronological age at the exposure, None where unknown.
    """

    pixels: NDArray[np.float32]
    frames: int = 1
    spacing_mm: tuple[float, float] | None = None
    pixel_aspect: float = 1.0
    laterality: Laterality | None = None
    sex: Sex | None = None
    age_months: float | None = None


class RefusalCode(StrEnum):
    """Why an image is not read."""

    SEVERAL_FRAMES = "several-frames"
    TOO_SMALL = "too-small"
    FLAT = "flat"
    EMPTY = "empty"
    SATURATED = "saturated"
    NO_PIXELS = "no-pixels"
    NOT_DECODABLE = "not-decodable"
    DECODE_SUSPECT = "decode-suspect"
    """Decoders make different images of the pixel data."""


class WarningCode(StrEnum):
    """What the reader of a result should know."""

    SEX_MISSING = "sex-missing"
    """The sex is missing or neither F nor M: readings for both, none in front."""
    AGE_UNKNOWN = "age-unknown"
    """No plausible birth date: no difference and no Z-score."""
    BEYOND_SCALE = "beyond-scale"
    """At or beyond the last standard."""
    OUTSIDE_TRAINING_ASPECT = "unusual-aspect"
    """Height to width is outside what the reader was trained for."""
    RIGHT_HAND = "right-hand"
    """A right hand, mirrored before reading."""
    NO_HAND_MASK = "no-hand-mask"
    """The mask of the hand has failed, and none is used."""


@dataclass(frozen=True)
class ModelIdentity:
    """Which weights took part: sha256 is that of the weights file, in hex."""

    name: str
    version: str
    sha256: str


@dataclass(frozen=True)
class ReaderReading:
    """What one reader says for one sex. Months; the interval covers 95 % as measured on held-out images."""

    sex: Sex
    reader: str
    bone_age_months: float
    interval_months: tuple[float, float]


@dataclass(frozen=True)
class Reading:
    """The answer for one radiograph.

    bone_age_months, interval_months: of the primary reader; None where the sex is missing.
    heatmap_months: (H, W) float32 over the original frame: the share of bone age each place speaks for (RAM).
    """

    bone_age_months: float | None
    interval_months: tuple[float, float] | None
    readings: tuple[ReaderReading, ...]
    sex: Sex | None
    method: str
    heatmap_months: NDArray[np.float32]
    models: tuple[ModelIdentity, ...]
    warnings: tuple[WarningCode, ...] = ()


@dataclass(frozen=True)
class Refusal:
    """A coded reason why there is no reading; detail is a sentence without patient data."""

    code: RefusalCode
    detail: str
    models: tuple[ModelIdentity, ...] = field(default=())


class Pipeline(Protocol):
    """A built pipeline. `fingerprint` is a hex hash of its YAML, weights and calibration."""

    name: str
    fingerprint: str
    models: tuple[ModelIdentity, ...]

    def read(self, radiographs: Sequence[HandRadiograph]) -> list[Reading | Refusal]:
        """One answer a radiograph, in order; waiting images go through the network as one batch."""
        ...
