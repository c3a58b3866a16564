"""A bone detector in figures: its classes, then the bones that anatomy names, by bone and by age.

The truth of a named bone comes from the marked boxes, named by the same anatomy.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from models.data.labels import Label
from models.detection.anatomy import RUS_BONES, NamedHand, name_bones
from models.detection.boxes import Boxes, iou
from models.detection.measures import FOUND_IOU, Figures, measure, sure
from models.evaluation.detection import AveragePrecision, average_precision
from models.evaluation.metrics import By, Estimate, Mask, bootstrap, groups

NAMING_THRESHOLDS = (0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.6)
"""Scores that are tried as the least of a box that anatomy is given."""


LEAST_FIT = 0.6
"""IoU of the common box of a hand's marks with the hand."""


@dataclass(frozen=True)
class BoneFigures:
    """Of one detector on marked hands.

    classes: of all boxes, for the kinds of bones as detected; share_of_images of those that are sure.
    bones: of the thirteen, as named.
    complete: one a hand, whether all of the thirteen that are marked were found under their names.
    """

    name: str
    threshold: float
    classes: Figures
    bones: tuple[AveragePrecision, ...]
    complete: Mask

    @property
    def complete_share(self) -> Estimate:
        """Of the hands, in percent."""
        return bootstrap(self.complete.astype(np.float64) * 100, lambda values: float(values.mean()))

    @property
    def bones_share(self) -> float:
        """PreciseBAA's mAP (eq. 3) of the thirteen."""
        return float(np.nanmean([row.share_of_images for row in self.bones]))

    @property
    def bones_ap_50(self) -> float:
        """COCO AP at IoU 0.5, mean over the thirteen."""
        return float(np.nanmean([row.coco_50 for row in self.bones]))

    @property
    def bones_ap_50_95(self) -> float:
        """COCO AP over IoU 0.5 to 0.95, mean over the thirteen."""
        return float(np.nanmean([row.coco_50_95 for row in self.bones]))


def bone_figures(
    name: str, found: Sequence[Boxes], there: Sequence[Boxes], classes: Sequence[str], threshold: float
) -> BoneFigures:
    """found: of each hand all boxes; those with a score of at least `threshold` are named. there: the marked ones."""
    figures = measure(found, there, classes)
    certain = [sure(each, threshold) for each in found]
    shares = average_precision(certain, there, classes)
    rows = tuple(
        AveragePrecision(row.bone, row.images, share.share_of_images, row.coco_50, row.coco_50_95)
        for row, share in zip(figures.rows, shares, strict=True)
    )
    named, truth = ([as_boxes(name_bones(each, classes)) for each in boxes] for boxes in (certain, there))
    bones = average_precision(named, truth, [bone.value for bone in RUS_BONES])
    complete = np.array([_all_found(*pair) for pair in zip(named, truth, strict=True)], bool)
    return BoneFigures(name, threshold, Figures(rows, figures.overlaps), tuple(bones), complete)


def best_naming_threshold(found: Sequence[Boxes], there: Sequence[Boxes], classes: Sequence[str]) -> float:
    """Of NAMING_THRESHOLDS the one with which most of the thirteen, less wrong ones, are named; ties go to the higher.

    Anatomy drops what stands in no bone's place, so that it may look at boxes that are far from sure.
    """
    truth = [as_boxes(name_bones(each, classes)) for each in there]

    def gain(threshold: float) -> int:
        named = [as_boxes(name_bones(sure(each, threshold), classes)) for each in found]
        right = sum(int(_found(*pair).sum()) for pair in zip(named, truth, strict=True))
        return 2 * right - sum(len(each.labels) for each in named)

    return max(NAMING_THRESHOLDS[::-1], key=gain)


def marks_fit(there: Boxes, hands: Boxes) -> bool:
    """Whether the marks of a hand lie on the hand that a detector of hands finds surest; not where it finds none.

    Some were drawn on a frame that was cropped or stretched otherwise. Of folds 0 to 8 the IoU of four hands is below
    0.5, of all others 0.66 or more.
    """
    if not len(hands.scores):
        return False
    common = np.concatenate([there.boxes[:, :2].min(0), there.boxes[:, 2:].max(0)])
    return bool(iou(common[None], hands.boxes[[int(hands.scores.argmax())]])[0, 0] >= LEAST_FIT)


def as_boxes(hand: NamedHand) -> Boxes:
    """Those of the thirteen that a hand has; labels are indices into RUS_BONES."""
    kept = [each for each in hand.bones if each.bone in RUS_BONES]
    return Boxes(
        np.array([each.box for each in kept], dtype=np.float64).reshape(-1, 4),
        np.array([RUS_BONES.index(each.bone) for each in kept], dtype=np.int64),
        np.array([each.score for each in kept], dtype=np.float64),
    )


def _all_found(found: Boxes, there: Boxes) -> bool:
    return bool(len(there.labels)) and bool(_found(found, there).all())


def _found(found: Boxes, there: Boxes) -> Mask:
    """Of each marked bone whether it has its box, with an IoU of FOUND_IOU or more."""
    overlaps = iou(there.boxes, found.boxes) * (there.labels[:, None] == found.labels[None])
    return np.asarray(overlaps.max(1, initial=0.0) >= FOUND_IOU)


def detectors_markdown(rows: Sequence[BoneFigures]) -> str:
    """One line a detector."""
    lines = [
        "| detector | mAP, share of images | mAP@0.5 | mAP@0.5:0.95 | hands with all 13, % [95 % CI] | mAP@0.5, 7 "
        "kinds | mAP@0.5:0.95, 7 kinds | mean IoU | sure from |",
        "|---|--:|--:|--:|--:|--:|--:|--:|--:|",
    ]
    for row in rows:
        share = row.complete_share
        lines.append(
            f"| {row.name} | {row.bones_share:.3f} | {row.bones_ap_50:.3f} | {row.bones_ap_50_95:.3f} "
            f"| {share.value:.1f} [{share.low:.1f}, {share.high:.1f}] | {row.classes.ap_50:.3f} "
            f"| {row.classes.ap_50_95:.3f} | {row.classes.mean_iou:.3f} | {row.threshold:.2f} |"
        )
    return "\n".join(lines)


def by_bone_markdown(rows: Sequence[BoneFigures], *, named: bool) -> str:
    """One line a bone, of each detector share of images, AP@0.5 and AP@0.5:0.95; named: the thirteen, not the kinds."""
    heads = " | ".join(f"{row.name}: share | @0.5 | @0.5:0.95" for row in rows)
    lines = [f"| {'bone' if named else 'kind'} | images | {heads} |", "|---|" + "--:|" * (1 + 3 * len(rows))]
    columns = [row.bones if named else row.classes.rows for row in rows]
    for same in zip(*columns, strict=True):
        cells = " | ".join(f"{x.share_of_images:.3f} | {x.coco_50:.3f} | {x.coco_50_95:.3f}" for x in same)
        lines.append(f"| {same[0].bone} | {same[0].images} | {cells} |")
    return "\n".join(lines)


def by_age_markdown(
    found: Mapping[str, Sequence[Boxes]], there: Sequence[Boxes], labels: Sequence[Label], classes: Sequence[str],
    rows: Sequence[BoneFigures],
) -> str:  # fmt: skip
    """One line an age group; of each detector AP@0.5 of the kinds and the hands with all thirteen."""
    heads = " | ".join(f"{row.name}: mAP@0.5 | all 13" for row in rows)
    lines = [f"| bone age | hands | {heads} |", "|---|" + "--:|" * (1 + 2 * len(rows))]
    for group, members in groups(labels, [By.AGE]):
        places = np.flatnonzero(members).tolist()
        truth = [there[n] for n in places]
        cells = [
            f"{measure([found[row.name][n] for n in places], truth, classes).ap_50:.3f} "
            f"| {row.complete[places].sum()} of {len(places)}"
            for row in rows
        ]
        lines.append(f"| {group} | {len(places)} | " + " | ".join(cells) + " |")
    return "\n".join(lines)
