"""How well boxes of bones are found: the share of images as PreciseBAA counts it, and COCO's average precision.

Boxes are (N, 4) float64 x0, y0, x1, y1 in any unit, the same for what was found and what is there.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from monai.apps.detection.metrics.coco import COCOMetric
from monai.apps.detection.metrics.matching import matching_batch
from numpy.typing import NDArray

from models.detection.boxes import Boxes, iou
from models.evaluation.metrics import Array

MOST_DETECTIONS = 100
"""Of each bone in an image, as COCO has it."""


def share_of_images(found: Sequence[Boxes], there: Sequence[Boxes], label: int, *, threshold: float = 0.5) -> float:
    """AP of one bone as PreciseBAA eq. 2: the precision in each image that has the bone, averaged over those images.

    With one box a bone it is the share of images where the bone is found. found, there: one a image, in the same
    order; threshold: smallest IoU of a box that counts as found. NaN where no image has the bone.
    """
    precisions = [
        _precision(detected, truth, label, threshold)
        for detected, truth in zip(found, there, strict=True)
        if (truth.labels == label).any()
    ]
    return float(np.mean(precisions)) if precisions else float("nan")


def _precision(found: Boxes, there: Boxes, label: int, threshold: float) -> float:
    chosen = found.labels == label
    if not chosen.any():
        return 0.0
    matched = _matched([found], [there], label, [threshold])[0]
    return float(matched.sum() / chosen.sum())


def _matched(found: Sequence[Boxes], there: Sequence[Boxes], label: int, thresholds: Sequence[float]) -> Array:
    """(T, D) 1.0 where a detection of this bone, best score first in each image, has a box of its own to match."""
    results = _matching(found, there, thresholds)
    return np.concatenate([result[label]["dtMatches"] for result in results if label in result], axis=1)


def _matching(
    found: Sequence[Boxes], there: Sequence[Boxes], thresholds: Sequence[float]
) -> list[dict[int, dict[str, NDArray[np.float64]]]]:
    return matching_batch(
        iou_fn=iou,
        iou_thresholds=thresholds,
        pred_boxes=[image.boxes for image in found],
        pred_classes=[image.labels for image in found],
        pred_scores=[image.scores for image in found],
        gt_boxes=[image.boxes for image in there],
        gt_classes=[image.labels for image in there],
        max_detections=MOST_DETECTIONS,
    )


@dataclass(frozen=True)
class AveragePrecision:
    """Of one bone, each in [0, 1], NaN where no image has the bone."""

    bone: str
    images: int
    """That have the bone."""
    share_of_images: float
    """PreciseBAA eq. 2 at IoU 0.5."""
    coco_50: float
    """COCO AP at IoU 0.5."""
    coco_50_95: float
    """COCO AP, mean over IoU 0.5, 0.55, ... 0.95."""


def average_precision(found: Sequence[Boxes], there: Sequence[Boxes], bones: Sequence[str]) -> list[AveragePrecision]:
    """Of each bone; labels are indices into bones. MONAI's COCO metric counts, 101 points of recall."""
    coco = _coco(found, there, bones)
    rows = []
    for label, bone in enumerate(bones):
        images = sum(bool((image.labels == label).any()) for image in there)
        rows.append(AveragePrecision(bone, images, share_of_images(found, there, label), *coco.get(label, _NOTHING)))
    return rows


_NOTHING = (float("nan"), float("nan"))


def _coco(found: Sequence[Boxes], there: Sequence[Boxes], bones: Sequence[str]) -> dict[int, tuple[float, float]]:
    """AP@0.5 and AP@0.5:0.95 of each label that is there at all."""
    metric = COCOMetric(bones, iou_list=(0.5,), iou_range=(0.5, 0.95, 0.05), max_detection=(MOST_DETECTIONS,),
                        verbose=False)  # fmt: skip
    figures, _ = metric(_matching(found, there, metric.get_iou_thresholds()))
    present = {int(label) for image in there for label in image.labels}
    return {
        label: (
            figures[f"{bone}_AP_IoU_0.50_MaxDet_{MOST_DETECTIONS}"],
            figures[f"{bone}_mAP_IoU_0.50_0.95_0.05_MaxDet_{MOST_DETECTIONS}"],
        )
        for label, bone in enumerate(bones)
        if label in present
    }


def detection_markdown(rows: Sequence[AveragePrecision]) -> str:
    """A table a person reads; the last line is the mean over the bones that are there (PreciseBAA eq. 3)."""
    figures = np.array([(row.share_of_images, row.coco_50, row.coco_50_95) for row in rows])
    lines = ["| bone | images | share of images | COCO AP@0.5 | COCO AP@0.5:0.95 |", "|---|--:|--:|--:|--:|"]
    for row, values in zip(rows, figures, strict=True):
        lines.append(f"| {row.bone} | {row.images} | " + " | ".join(f"{value:.3f}" for value in values) + " |")
    means = np.nanmean(figures, axis=0)
    return "\n".join([*lines, "| mean | | " + " | ".join(f"{value:.3f}" for value in means) + " |"])
