"""A model's card: what it is, what it was made from, how well it does, and what it is for."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

from models.attention.channel import DEFAULT, Channels, to_channels

TERMS = (
    "Research and education, non-commercial. Trained on images of the RSNA 2017 Pediatric Bone Age Challenge; cite "
    "Halabi SS et al., Radiology 2019;290:498-503."
)
INTENDED_USE = "Research use only. Not cleared as a medical device. Not for determining legal age."


class Task(StrEnum):
    """What weights are for."""

    BONE_AGE = "bone age"
    BONE_AGES = "bone ages"
    """What each of the thirteen bones says of the bone age, alone."""
    DETECTION = "detection"
    SEGMENTATION = "segmentation"
    PLAUSIBILITY = "plausibility"
    """Whether a picture is one whole hand."""
    QUALITY = "quality"
    """Whether a radiograph is good, and if not, which damage makes it poor."""
    RESTORATION = "restoration"
    """A better image of a poor one."""
    LEVELS = "levels"
    """The RUS-CHN level of each of thirteen bones."""
    DIIBAA = "diibaa"
    """Of recipes alone, since what they make reads bone age."""


@dataclass(frozen=True)
class Interval:
    """Half width of the interval around a reading, by its predicted age.

    age_edges_months: E ascending edges; half_widths_months: E + 1 values, for below, between and above the edges.
    """

    coverage: float
    method: str
    age_edges_months: tuple[float, ...]
    half_widths_months: tuple[float, ...]

    def around(self, months: float) -> tuple[float, float]:
        """Lower and upper bound in months, never below zero."""
        half = self.half_widths_months[sum(months >= edge for edge in self.age_edges_months)]
        return max(0.0, months - half), months + half


@dataclass(frozen=True)
class Detector:
    """The weights that found the hands a reader was trained on; sha256 is that of their safetensors file, in hex."""

    name: str
    sha256: str


@dataclass(frozen=True)
class Card:
    """Everything a result says about its model; sha256 is that of the safetensors file, in hex.

    Raises ValueError for a reader of bone age without an interval, and for an interval of anything else.
    """

    name: str
    version: str
    sha256: str
    architecture: str
    parameters: Mapping[str, Any]
    input_size: int
    interval: Interval | None
    """Of a reader of bone age."""
    aspect_range: tuple[float, float]
    """Height to width of the frames it was trained for."""
    data: str
    terms: str
    intended_use: str
    channels: Channels = DEFAULT
    """What the network is given of each radiograph, in order; cards without this key are of one channel."""
    hand_detector: Detector | None = None
    """Crops each radiograph to the hand; None, and cards without this key, read the whole frame."""
    training: Mapping[str, Any] = field(default_factory=dict)
    """Recipe, folds, seed, commit, device, library versions."""
    metrics: Mapping[str, Any] = field(default_factory=dict)
    task: Task = Task.BONE_AGE
    """Cards without this key are of readers."""
    classes: tuple[str, ...] = ()
    """What a detector finds or a judge tells apart, in the order of labels and answers."""
    threshold: float | None = None
    """Of a judge of plausibility: a picture is refused where its probability to be a hand is lower. Of a classifier of
    quality: an image is poor where damage of any kind is at least as probable."""

    def __post_init__(self) -> None:
        if (self.interval is None) == (self.task is Task.BONE_AGE):
            raise ValueError("a reader of bone age has an interval, and nothing else has")

    def require(self, task: Task) -> None:
        """Raises ValueError where the weights are for another task."""
        if self.task is not task:
            raise ValueError(f"{self.name}: these weights are for {self.task}, not for {task}; choose others")

    def reading_interval(self) -> Interval:
        """The interval of a reader of bone age. Raises ValueError where the weights read none."""
        self.require(Task.BONE_AGE)
        assert self.interval is not None  # held by __post_init__
        return self.interval


def read_card(path: Path) -> Card:
    """Raises ValueError that names the file where it is no card."""
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
        values["interval"] = None if values["interval"] is None else _interval(values["interval"])
        values["channels"] = to_channels(values.get("channels", DEFAULT))
        if values.get("hand_detector") is not None:
            values["hand_detector"] = Detector(**values["hand_detector"])
        values["task"] = Task(values.get("task", Task.BONE_AGE))
        values["classes"] = tuple(values.get("classes", ()))
        return Card(**{**values, "aspect_range": tuple(values["aspect_range"])})
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"{path}: not a model card: {error}") from None


def _interval(values: Mapping[str, Any]) -> Interval:
    return Interval(
        float(values["coverage"]),
        str(values["method"]),
        tuple(values["age_edges_months"]),
        tuple(values["half_widths_months"]),
    )


def write_card(card: Card, path: Path) -> None:
    """As JSON that a person can read."""
    path.write_text(json.dumps(asdict(card), indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
