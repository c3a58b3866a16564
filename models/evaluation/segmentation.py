"""How well hands are segmented: Dice, pixel accuracy and the share of masks that fail, beside plain thresholds."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.data.annotations import HandKeyPoints
from models.evaluation.metrics import Array, Estimate, bootstrap
from models.segmentation.masked import MaskedFrames
from models.segmentation.masks import MaskFault, clean, fault_of
from models.segmentation.thresholds import THRESHOLDS

Masks = NDArray[np.bool_]
"""(N, H, W)."""


def dice(found: Masks, there: Masks) -> Array:
    """(N,) twice the shared area over the sum of both areas, in [0, 1]; 1 where both are empty."""
    shared, both = (found & there).sum((1, 2)), found.sum((1, 2)) + there.sum((1, 2))
    return np.where(both > 0, 2 * shared / np.maximum(both, 1), 1.0)


def pixel_accuracy(found: Masks, there: Masks) -> Array:
    """(N,) share of pixels, hand or not, that are told right: the accuracy of PreciseBAA."""
    return np.asarray((found == there).mean((1, 2)))


@dataclass(frozen=True)
class Agreement:
    """Of one method on one set. images: counted; dice and pixel accuracy in [0, 1], each with its interval."""

    method: str
    images: int
    dice: Estimate
    pixel_accuracy: Estimate
    lowest_dice: float


def agreement(method: str, found: Masks, there: Masks) -> Agreement:
    """found, there: (N, H, W) masks of the same images, N >= 1."""
    overlap, right = dice(found, there), pixel_accuracy(found, there)
    return Agreement(method, len(found), _mean(overlap), _mean(right), float(overlap.min()))


def compare_methods(answers: Masks, masked: MaskedFrames) -> list[Agreement]:
    """The segmenter's answers, as they come and cleaned, beside each threshold."""
    rows = [
        agreement("U-Net", answers, masked.masks),
        agreement("U-Net, largest component, holes filled", np.stack([clean(each) for each in answers]), masked.masks),
    ]
    for name, method in THRESHOLDS.items():
        rows.append(agreement(name, np.stack([method(frame) for frame in masked.frames]), masked.masks))
    return rows


@dataclass(frozen=True)
class Failures:
    """images: counted; by_fault: how many have failed by which fault, the first one found."""

    images: int
    by_fault: Mapping[MaskFault, int]

    @property
    def share(self) -> float:
        """Of the images, in [0, 1]."""
        return sum(self.by_fault.values()) / self.images

    def __add__(self, other: "Failures") -> "Failures":
        """Of both sets."""
        both = {fault: count + other.by_fault[fault] for fault, count in self.by_fault.items()}
        return Failures(self.images + other.images, both)


def failures(answers: Masks, hands: Sequence[HandKeyPoints | None]) -> Failures:
    """By the rule of `models.segmentation.masks.fault_of`; hands: of each image its key points, where known."""
    faults = [fault_of(answer, hand) for answer, hand in zip(answers, hands, strict=True)]
    return Failures(len(answers), {fault: faults.count(fault) for fault in MaskFault})


def agreement_markdown(rows: Sequence[Agreement]) -> str:
    """A line a method."""
    lines = ["| method | images | Dice | lowest | pixel accuracy |", "|---|--:|--:|--:|--:|"]
    return "\n".join(
        lines
        + [
            f"| {row.method} | {row.images} | {_shown(row.dice, 4)} | {row.lowest_dice:.4f} "
            f"| {_shown(row.pixel_accuracy, 2, 100)} % |"
            for row in rows
        ]
    )


def failures_markdown(found: Failures) -> str:
    """One line: the share, and the counts by fault."""
    counts = ", ".join(f"{fault} {count}" for fault, count in found.by_fault.items() if count)
    failed = sum(found.by_fault.values())
    return f"{failed} of {found.images} masks fail ({found.share:.1%}){f': {counts}' if counts else ''}."


def _mean(values: Array) -> Estimate:
    return bootstrap(values, lambda chosen: float(chosen.mean()))


def _shown(estimate: Estimate, digits: int, factor: float = 1) -> str:
    value, low, high = (f"{each * factor:.{digits}f}" for each in (estimate.value, estimate.low, estimate.high))
    return f"{value} ({low}-{high})"
