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


class Bone(StrEnum):
    """The 13 bones of the radius-ulna-short bones methods (TW3, RUS-CHN); finger 1 is the thumb."""

    RADIUS = "radius"
    ULNA = "ulna"
    METACARPAL_1 = "metacarpal-1"
    METACARPAL_3 = "metacarpal-3"
    METACARPAL_5 = "metacarpal-5"
    PROXIMAL_PHALANX_1 = "proximal-phalanx-1"
    PROXIMAL_PHALANX_3 = "proximal-phalanx-3"
    PROXIMAL_PHALANX_5 = "proximal-phalanx-5"
    MIDDLE_PHALANX_3 = "middle-phalanx-3"
    MIDDLE_PHALANX_5 = "middle-phalanx-5"
    DISTAL_PHALANX_1 = "distal-phalanx-1"
    DISTAL_PHALANX_3 = "distal-phalanx-3"
    DISTAL_PHALANX_5 = "distal-phalanx-5"


@dataclass(frozen=True)
class FoundBone:
    """One bone in the image; a bone that was not found is absent, never invented.

    left, top, right, bottom: the box in pixels of the original frame; 0 is the outer edge of the first pixel, W or H
    that of the last one (PS3.3 C.18.6.1.1).  score: the detector's certainty, 0 to 1.
    level: the bone's stage as a number of its scale, level_score: what that scores for this sex; bone_age_months: what
    the bone says alone, with its 95 % interval; None where nobody read it, or it needs a sex that is unknown.
    """

    bone: Bone
    left: float
    top: float
    right: float
    bottom: float
    score: float
    level: int | None = None
    bone_age_months: float | None = None
    level_score: int | None = None
    interval_months: tuple[float, float] | None = None

    def __post_init__(self) -> None:
        if not (0 <= self.left < self.right and 0 <= self.top < self.bottom and 0 <= self.score <= 1):
            raise ValueError(f"a bone's box has an inside, and its score is 0 to 1; these do not: {self}")
        if (self.bone_age_months is None) != (self.interval_months is None):
            raise ValueError(f"a bone has an age and its interval, or neither: {self}")


class BoneFault(StrEnum):
    """Why a bone is missing."""

    NOT_FOUND = "not-found"
    """No box of its kind is left for it."""
    NO_HAND = "no-hand"
    """Too little was found to tell how the hand lies."""
    OUT_OF_ORDER = "out-of-order"
    """What was found lies on the wrong side of a neighbour, or of the bone before it on its ray."""
    OUT_OF_PROPORTION = "out-of-proportion"
    """What was found is far too large or small for this hand."""


@dataclass(frozen=True)
class MissingBone:
    """A bone that was looked for and is not among those found."""

    bone: Bone
    fault: BoneFault


class ImageQuality(StrEnum):
    """How well the radiograph can be read (PS3.16 CID 3114)."""

    EXCELLENT = "excellent"
    GOOD = "good"
    POOR = "poor"


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
    NOT_A_HAND = "not-a-hand"
    SEVERAL_HANDS = "several-hands"
    CUT_OFF = "cut-off"
    UNUSABLE_EXPOSURE = "unusable-exposure"
    BONES_NOT_FOUND = "bones-not-found"
    """Too few of the bones that every hand has."""
    SEX_MISSING = "sex-missing"
    READING_FAILED = "reading-failed"
    """The program that reads failed over the image, time after time."""


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
    BONES_MISSING = "bones-missing"
    """Not all thirteen bones were found."""
    TOO_YOUNG_FOR_BONES = "too-young-for-bones"
    """Younger, or read as younger, than any child whose bones the detector was taught."""
    READ_ON_CPU = "read-on-cpu"
    """The GPU's memory did not suffice: read by the processor, whose arithmetic differs in the last digits."""
    NOISY = "noisy"
    """Poor by noise."""
    COVERED = "covered"
    """Poor by a label over the hand; bone under it was not seen, and no image makes it up."""
    COARSE = "coarse"
    """Poor by low resolution."""


@dataclass(frozen=True)
class ModelIdentity:
    """Which weights took part: sha256 is that of the weights file, in hex."""

    name: str
    version: str
    sha256: str


@dataclass(frozen=True)
class ReadStage:
    """The stage of growth that a reader by stages told first, as "S2" of S1 to S3.

    scores, probabilities: 0 to 1 of each stage, youngest first, by its two branches (DIIBAA Algorithm 1).
    """

    name: str
    scores: tuple[float, ...]
    probabilities: tuple[float, ...]


@dataclass(frozen=True)
class ReaderReading:
    """What one reader says for one sex. Months; the interval covers 95 % as measured on held-out images.

    qualified: whether it may stand in a report; a reader much worse than the primary one may not.
    stage: of a reader by stages; None of others.
    """

    sex: Sex
    reader: str
    bone_age_months: float
    interval_months: tuple[float, float]
    qualified: bool = True
    stage: ReadStage | None = None


@dataclass(frozen=True)
class Enhancement:
    """An improved image that was read beside the original; the original is what is archived and shown.

    method: the improvement's name.  in_front: whether the improved image's reading is the bone age.
    """

    method: str
    original: ReaderReading
    improved: ReaderReading
    in_front: bool


class ScaleEnd(StrEnum):
    """Which end of its scale a bone age stands at, so that it is a bound."""

    BEGINNING = "at-or-before-the-beginning"
    LAST = "at-or-beyond-the-end"


@dataclass(frozen=True)
class Maturity:
    """What the levels of the thirteen bones say together, for one sex; for research, beside the bone age in front.

    scale: its name. grader: the name of the weights that graded. method: how they know levels. score: the expected
    total of the bones' scores, most_score its greatest. Months; the interval holds 95 % of what the levels leave open,
    which is no measured coverage. end: None within the scale.
    """

    scale: str
    grader: str
    method: str
    sex: Sex
    score: float
    most_score: int
    bone_age_months: float
    interval_months: tuple[float, float]
    end: ScaleEnd | None = None


@dataclass(frozen=True)
class Reading:
    """The answer for one radiograph.

    bone_age_months, interval_months: of the primary reader; None where the sex is missing.
    heatmap_months: (H, W) float32 over the original frame: the share of bone age each place speaks for (RAM).
    bones: those that were found, each at most once; missing_bones: the others, where they were looked for.
    quality: None where no stage judged it.
    maturity: one a sex read, where a stage graded the bones; empty where none did.
    """

    bone_age_months: float | None
    interval_months: tuple[float, float] | None
    readings: tuple[ReaderReading, ...]
    sex: Sex | None
    method: str
    heatmap_months: NDArray[np.float32]
    models: tuple[ModelIdentity, ...]
    warnings: tuple[WarningCode, ...] = ()
    bones: tuple[FoundBone, ...] = ()
    missing_bones: tuple[MissingBone, ...] = ()
    quality: ImageQuality | None = None
    enhancements: tuple[Enhancement, ...] = ()
    maturity: tuple[Maturity, ...] = ()


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
