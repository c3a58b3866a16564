"""From the boxes that a detector found to the bones of one hand, each by its name, or the reason why it is not there.

A detector of `set881` tells seven kinds of bones, not fingers. The finger follows from the order across the hand and
from the side on which the thumb lies; a mean shape that is laid over the boxes finds both
(`models.detection.hand_shape`). What stands in no bone's place, in another order, or is far too large or small for this
hand is dropped; nothing is put where no box was found.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from models.detection.boxes import Boxes, iou
from models.detection.hand_shape import BONES, KINDS, MEANS, SIDES, HandBone, Pose, best_pose

RUS_BONES: Final = tuple(bone for bone in BONES if bone.finger in (None, 1, 3, 5))
"""The thirteen of the radius-ulna-short bones methods."""
MOST_DISPROPORTION = 1.8
"""Of a box's side over what the hand's other boxes let expect, and the reverse: marked ones differ by 1.5 at most."""
SAME_BOX_IOU = 0.5
"""Boxes of one kind that share more than this are one bone."""
LEAST_STEP = 0.3
"""Of the way from one bone of a ray to the next, as a share of the mean hand's."""


class Side(StrEnum):
    """Which hand it is, were it seen from the back, as the atlas shows hands."""

    LEFT = "L"
    RIGHT = "R"


class Fault(StrEnum):
    """Why a bone is missing, or a box left over."""

    NOT_FOUND = "not-found"
    """No box of its kind is left for it."""
    NO_HAND = "no-hand"
    """Too few boxes, or boxes that lie as in no hand, so that no bone is told."""
    SAME_BOX = "same-box"
    """A surer box of this kind lies in the same place."""
    OUT_OF_PLACE = "out-of-place"
    """Where the hand has no bone of this kind, or a better box for it."""
    OUT_OF_ORDER = "out-of-order"
    """On the wrong side of a neighbour, or of the bone before it on its ray."""
    OUT_OF_PROPORTION = "out-of-proportion"
    """Far too large or small for this hand."""


@dataclass(frozen=True)
class NamedBone:
    """A bone that was found: box (left, top, right, bottom) in the detector's frame, score in [0, 1]."""

    bone: HandBone
    box: tuple[float, float, float, float]
    score: float


@dataclass(frozen=True)
class NamedHand:
    """The bones of one hand in anatomical order, what is missing and why, and the boxes left over by their index.

    side: None where no hand was found. Bones and missing together are the 21 of `HandBone`.
    """

    bones: tuple[NamedBone, ...]
    missing: Mapping[HandBone, Fault]
    surplus: Mapping[int, Fault]
    side: Side | None

    @property
    def complete(self) -> bool:
        """Whether all thirteen RUS bones were found."""
        return not any(bone in self.missing for bone in RUS_BONES)


def name_bones(found: Boxes, classes: Sequence[str] = KINDS) -> NamedHand:
    """The hand that these boxes show; at most one.

    found: in any frame, x right, y down; labels are indices into classes, of which those that are no KINDS are dropped.
    """
    kinds = np.array([_kind(classes[label]) for label in found.labels], dtype=np.int64)
    surplus = {int(n): Fault.OUT_OF_PLACE for n in np.flatnonzero(kinds < 0)}
    surplus |= dict.fromkeys(_repeated(found, kinds), Fault.SAME_BOX)
    left = np.array([n for n in range(len(kinds)) if n not in surplus], dtype=np.int64)
    boxes = found.boxes[left]
    pose = best_pose((boxes[:, :2] + boxes[:, 2:]) / 2, kinds[left], found.scores[left])
    if pose is None:
        surplus |= {int(n): Fault.NO_HAND for n in left}
        return NamedHand((), dict.fromkeys(BONES, Fault.NO_HAND), dict(sorted(surplus.items())), None)
    return _checked(found, left, pose, surplus)


def _checked(found: Boxes, left: NDArray[np.int64], pose: Pose, surplus: dict[int, Fault]) -> NamedHand:
    """The hand of a pose; left: index in found of each box that the pose was made of."""
    faults = _disproportion(found.boxes[left], pose)
    faults |= _disorder(pose, faults)
    chosen = {bone: int(left[n]) for bone, n in zip(BONES, pose.chosen, strict=True) if n >= 0}
    kept = {bone: n for bone, n in chosen.items() if bone not in faults}
    missing = {bone: faults.get(bone, Fault.NOT_FOUND) for bone in BONES if bone not in kept}
    surplus |= {chosen[bone]: fault for bone, fault in faults.items()}
    surplus |= {int(n): Fault.OUT_OF_PLACE for n in left if n not in chosen.values()}
    bones = tuple(NamedBone(bone, _corners(found, n), float(found.scores[n])) for bone, n in kept.items())
    return NamedHand(bones, missing, dict(sorted(surplus.items())), Side.RIGHT if pose.mirrored else Side.LEFT)


def _kind(name: str) -> int:
    return KINDS.index(name) if name in KINDS else -1


def _corners(found: Boxes, index: int) -> tuple[float, float, float, float]:
    left, top, right, bottom = (float(value) for value in found.boxes[index])
    return left, top, right, bottom


def _repeated(found: Boxes, kinds: NDArray[np.int64]) -> list[int]:
    """Indices of boxes that share SAME_BOX_IOU with a surer one of their kind that is none of these itself."""
    kept: list[int] = []
    repeated = []
    for n in np.argsort(-found.scores, kind="stable"):
        same = [other for other in kept if kinds[other] == kinds[n]]
        if same and iou(found.boxes[[n]], found.boxes[same]).max() > SAME_BOX_IOU:
            repeated.append(int(n))
        else:
            kept.append(int(n))
    return repeated


def _disproportion(boxes: NDArray[np.float64], pose: Pose) -> dict[HandBone, Fault]:
    """The bones whose boxes' sides, over those of the mean hand, are far from this hand's median."""
    bones = np.flatnonzero(pose.chosen >= 0)
    chosen = boxes[pose.chosen[bones]]
    sides = np.sqrt((chosen[:, 2:] - chosen[:, :2]).clip(1e-9).prod(1)) / SIDES[bones]
    off = np.abs(np.log(sides / np.median(sides))) > np.log(MOST_DISPROPORTION)
    return {BONES[n]: Fault.OUT_OF_PROPORTION for n in bones[off]}


def _disorder(pose: Pose, gone: Mapping[HandBone, Fault]) -> dict[HandBone, Fault]:
    """Of two bones whose step, across or along the hand, is too short or backward, the one further off its place.

    Steps run between neighbours of one kind, and between one bone of a ray and the next, as far as they are there.
    """
    there = {n for n in range(len(BONES)) if pose.chosen[n] >= 0 and BONES[n] not in gone}
    faults: dict[HandBone, Fault] = {}
    for line in _LINES:
        present = [n for n in line if n in there]
        for first, second in pairwise(present):
            wanted = MEANS[second] - MEANS[first]
            step = pose.places[pose.chosen[second]] - pose.places[pose.chosen[first]]
            if step @ wanted < LEAST_STEP * (wanted @ wanted):
                faults[BONES[max(first, second, key=lambda n: pose.distances[n])]] = Fault.OUT_OF_ORDER
    return faults


_LINES: Final = (
    [0, 1],
    *([n for n, bone in enumerate(BONES) if bone.kind == kind] for kind in KINDS[3:]),
    *([n for n, bone in enumerate(BONES) if bone.finger == finger] for finger in range(1, 6)),
)
"""Indices of bones that follow one another: forearm, kinds from thumb to little finger, rays from palm to tip."""
