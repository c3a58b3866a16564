"""A detector in figures: average precision of each class, and how well the boxes lie."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from models.detection.boxes import Boxes, iou
from models.evaluation.detection import AveragePrecision, average_precision
from models.evaluation.metrics import Array

GOOD_IOU = 0.7
FOUND_IOU = 0.5
"""With less a box is not the one that is marked."""
THRESHOLDS = tuple(n / 20 for n in range(1, 20))
"""Scores that are tried as the least of a box that counts."""


@dataclass(frozen=True)
class Figures:
    """Of a set of marked images. rows: one a class.

    overlaps: of each marked box the IoU, in [0, 1], of the box found for it.
    """

    rows: tuple[AveragePrecision, ...]
    overlaps: Array

    @property
    def mean_iou(self) -> float:
        return float(self.overlaps.mean())

    @property
    def share_good(self) -> float:
        """Share of marked boxes that are found with an IoU of GOOD_IOU or more."""
        return float((self.overlaps >= GOOD_IOU).mean())

    @property
    def ap_50(self) -> float:
        """COCO AP at IoU 0.5, mean over the classes that are there."""
        return float(np.nanmean([row.coco_50 for row in self.rows]))

    @property
    def ap_50_95(self) -> float:
        """COCO AP over IoU 0.5 to 0.95, mean over the classes that are there."""
        return float(np.nanmean([row.coco_50_95 for row in self.rows]))


def measure(found: Sequence[Boxes], there: Sequence[Boxes], classes: Sequence[str]) -> Figures:
    """found, there: one an image, in the same order, at least one box there in all."""
    rows = average_precision(found, there, classes)
    overlaps = np.concatenate([overlaps_of(*pair) for pair in zip(found, there, strict=True)])
    return Figures(tuple(rows), overlaps)


def overlaps_of(found: Boxes, there: Boxes) -> Array:
    """(K,) of each marked box the largest IoU with a found box of its class; 0 where there is none.

    Only as many found boxes of a class count as are marked, best score first: of one hand the best-scored box.
    """
    overlaps = np.zeros(len(there.labels))
    for label in np.unique(there.labels):
        marked, chosen = there.labels == label, found.labels == label
        best = found.boxes[chosen][np.argsort(-found.scores[chosen], kind="stable")[: marked.sum()]]
        if len(best):
            overlaps[marked] = iou(there.boxes[marked], best).max(1)
    return overlaps


def sure(found: Boxes, threshold: float) -> Boxes:
    """Those whose score is at least the threshold."""
    kept = found.scores >= threshold
    return replace(found, boxes=found.boxes[kept], labels=found.labels[kept], scores=found.scores[kept])


def best_threshold(found: Sequence[Boxes], there: Sequence[Boxes]) -> float:
    """The one of THRESHOLDS with the highest F1 score; found, there: one an image, in the same order."""
    return max(THRESHOLDS, key=lambda threshold: f1_score([sure(each, threshold) for each in found], there))


def f1_score(found: Sequence[Boxes], there: Sequence[Boxes]) -> float:
    """Harmonic mean of precision and recall at FOUND_IOU over all images, in [0, 1]; 0 where nothing is right."""
    right = sum(_right(*pair) for pair in zip(found, there, strict=True))
    everything = sum(len(each.labels) for each in (*found, *there))
    return 2 * right / everything if everything else 0.0


def _right(found: Boxes, there: Boxes) -> int:
    """How many marked boxes have a found box of their class for their own, best score first."""
    free = list(range(len(there.labels)))
    right = 0
    for n in np.argsort(-found.scores, kind="stable"):
        same = [m for m in free if there.labels[m] == found.labels[n]]
        overlaps = iou(found.boxes[[n]], there.boxes[same])[0] if same else np.zeros(0)
        if len(overlaps) and overlaps.max() >= FOUND_IOU:
            free.remove(same[int(overlaps.argmax())])
            right += 1
    return right
