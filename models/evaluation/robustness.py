"""The same images, damaged in known ways: what each kind of damage adds to the error.

Damage is done to the image as it came; what follows in reading (squash, stretch, local equalisation) comes after it, as
it would for a patient's image.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from models.data.labels import Label
from models.data.radiographs import Radiographs
from models.degradation.damage import noisy, white_label
from models.evaluation.metrics import Array, Estimate, bootstrap, truth_months
from models.evaluation.pixels import Pixels
from models.evaluation.subject import Read
from models.phantom.damage import covering_label
from models.preprocess import FRAME_PX, standard_frame

Damage = Callable[[Pixels, np.random.Generator], Pixels]


def stretched(pixels: Pixels, aspect: float) -> Pixels:
    """The content's height to width times `aspect`, in a frame of the same size with black bars; nothing is cut off."""
    height, width = pixels.shape
    tall, wide = round(height * min(1.0, aspect)), round(width * min(1.0, 1 / aspect))
    small = cv2.resize(pixels, (wide, tall), interpolation=cv2.INTER_AREA)
    frame = np.zeros_like(pixels)
    top, left = (height - tall) // 2, (width - wide) // 2
    frame[top : top + tall, left : left + wide] = small
    return frame


def rotated(pixels: Pixels, degrees: float) -> Pixels:
    """About the centre, counter-clockwise; black comes in at the corners and what leaves the frame is lost."""
    height, width = pixels.shape
    matrix = cv2.getRotationMatrix2D(((width - 1) / 2, (height - 1) / 2), degrees, 1.0)
    return np.asarray(cv2.warpAffine(pixels, matrix, (width, height), flags=cv2.INTER_LINEAR), dtype=np.float32)


def mirrored(pixels: Pixels) -> Pixels:
    """A left hand as a right hand."""
    return np.ascontiguousarray(pixels[:, ::-1])


def gamma(pixels: Pixels, exponent: float) -> Pixels:
    """pixels ** exponent: below 1 brighter, above 1 darker."""
    return np.asarray(pixels.clip(0, 1) ** exponent, dtype=np.float32)


@dataclass(frozen=True)
class Condition:
    """A kind of damage; flip: whether the reader averages the image and its mirror image."""

    name: str
    damage: Damage
    flip: bool = True


CONDITIONS = (
    Condition("height to width x 0.7", lambda pixels, rng: stretched(pixels, 0.7)),
    Condition("height to width x 1.3", lambda pixels, rng: stretched(pixels, 1.3)),
    Condition("rotated by +20 degrees", lambda pixels, rng: rotated(pixels, 20)),
    Condition("rotated by -20 degrees", lambda pixels, rng: rotated(pixels, -20)),
    Condition("mirrored (right hands)", lambda pixels, rng: mirrored(pixels)),
    Condition("mirrored, without flip averaging", lambda pixels, rng: mirrored(pixels), flip=False),
    Condition("black label over the hand", covering_label),
    Condition("white label over the hand", white_label),
    Condition("Poisson noise, 60 photons", noisy),
    Condition("gamma 0.5", lambda pixels, rng: gamma(pixels, 0.5)),
    Condition("gamma 2", lambda pixels, rng: gamma(pixels, 2.0)),
)
"""What is measured. The label is BoNet+'s degradation, 12 to 25 % of each side in the central 60 % of the frame."""


def damaged(pixels: Pixels, condition: Condition, label: Label, seed: int = 0) -> Pixels:
    """The same image, condition and seed give the same damage; another image has its own."""
    return condition.damage(pixels, np.random.default_rng([seed, label.id]))


def damaged_set(
    images: Sequence[NDArray[np.uint8]], labels: tuple[Label, ...], condition: Condition | None, seed: int = 0
) -> Radiographs:
    """images: (H, W) uint8 as they came, one a label. None leaves them as they are. Frames are made standard after."""
    frames = np.empty((len(labels), FRAME_PX, FRAME_PX), np.uint8)
    for n, (image, label) in enumerate(zip(images, labels, strict=True)):
        pixels = (image / 255).astype(np.float32)
        frames[n] = standard_frame(pixels if condition is None else damaged(pixels, condition, label, seed))
    return Radiographs(labels, frames)


@dataclass(frozen=True)
class RobustnessRow:
    """months; added: MAE minus that of the clean images, paired by image; moved: mean change of a reading."""

    condition: str
    count: int
    mae: Estimate
    added: Estimate
    moved: float


def measure_robustness(
    read: Read,
    images: Sequence[NDArray[np.uint8]],
    labels: tuple[Label, ...],
    conditions: Iterable[Condition] = CONDITIONS,
    *,
    seed: int = 0,
) -> list[RobustnessRow]:
    """A row for the clean images, then one a condition; each is compared with the clean images read the same way."""
    conditions = list(conditions)
    clean_set = damaged_set(images, labels, None)
    ways = {True} | {condition.flip for condition in conditions}
    clean = {flip: read(clean_set, flip=flip) for flip in ways}
    rows = [robustness_row("clean", labels, clean[True], clean[True])]
    for condition in conditions:
        months = read(damaged_set(images, labels, condition, seed), flip=condition.flip)
        rows.append(robustness_row(condition.name, labels, months, clean[condition.flip]))
    return rows


def robustness_row(name: str, labels: Sequence[Label], months: Array, clean: Array) -> RobustnessRow:
    """months, clean: (N,) read from the damaged and from the clean images."""
    truth = truth_months(labels)
    error, before = np.abs(months - truth), np.abs(clean - truth)
    return RobustnessRow(
        condition=name,
        count=len(error),
        mae=bootstrap(error, lambda v: float(v.mean())),
        added=bootstrap(error - before, lambda v: float(v.mean())),
        moved=float(np.abs(months - clean).mean()),
    )


def robustness_markdown(rows: Iterable[RobustnessRow]) -> str:
    """A table a person reads."""
    lines = [
        "| images | number | MAE, months [95 % CI] | added by the damage [95 % CI] | mean change of a reading |",
        "|---|--:|--:|--:|--:|",
    ]
    lines += [f"| {row.condition} | {row.count} | {row.mae} | {row.added} | {row.moved:.2f} |" for row in rows]
    return "\n".join(lines)
