"""One frame looked at in two sizes, and what both see averaged: boxes lie better than those of either look."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from torch import nn

from models.detection.boxes import Boxes, iou
from models.detection.finding import find

LARGER_PX = 32
"""By which the second look is larger than the network's input: the coarsest stride of the detectors of bones."""
SAME_IOU = 0.5
"""From which two boxes of one class are one thing."""


def find_twice(network: nn.Module, frames: NDArray[np.uint8], size: int, *, device: str = "cpu") -> list[Boxes]:
    """As `models.detection.finding.find`, of the network's input and of one LARGER_PX larger, merged."""
    looks = [find(network, frames, side, device=device) for side in (size, size + LARGER_PX)]
    return [merged(same) for same in zip(*looks, strict=True)]


def merged(looks: Sequence[Boxes]) -> Boxes:
    """One box of each thing: the mean of its boxes by their scores; its score is their sum over the number of looks.

    The surest box that is left takes all of its class that it shares SAME_IOU with. Best score first.
    """
    boxes, labels, scores = (np.concatenate([getattr(each, key) for each in looks]) for key in _PARTS)
    left, rows = np.argsort(-scores, kind="stable"), []
    while len(left):
        first = left[0]
        same = (labels[left] == labels[first]) & (iou(boxes[[first]], boxes[left])[0] >= SAME_IOU)
        same[0] = True
        taken, left = left[same], left[~same]
        weights = np.maximum(scores[taken], 1e-9)
        score = min(1.0, float(scores[taken].sum()) / len(looks))
        rows.append((np.average(boxes[taken], axis=0, weights=weights), labels[first], score))
    rows.sort(key=lambda row: -row[2])
    return Boxes(
        np.array([row[0] for row in rows], dtype=np.float64).reshape(-1, 4),
        np.array([row[1] for row in rows], dtype=np.int64),
        np.array([row[2] for row in rows], dtype=np.float64),
    )


_PARTS = ("boxes", "labels", "scores")
