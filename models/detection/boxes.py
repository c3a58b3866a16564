"""Boxes of one image, and how far two of them are the same."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Labels = NDArray[np.int64]


@dataclass(frozen=True)
class Boxes:
    """The boxes of one image: boxes (N, 4), labels (N,) index of the bone, scores (N,) in [0, 1] (ones for truth)."""

    boxes: Array
    labels: Labels
    scores: Array


def iou(first: Array, second: Array) -> Array:
    """Intersection over union of (N, 4) and (M, 4) boxes: (N, M) in [0, 1]; 0 where both are empty."""
    low = np.maximum(first[:, None, :2], second[None, :, :2])
    high = np.minimum(first[:, None, 2:], second[None, :, 2:])
    shared = (high - low).clip(0).prod(2)
    union = _area(first)[:, None] + _area(second)[None] - shared
    return np.asarray(shared / np.where(union > 0, union, 1))


def _area(boxes: Array) -> Array:
    return np.asarray((boxes[:, 2:] - boxes[:, :2]).clip(0).prod(1))
