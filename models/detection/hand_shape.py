"""Where the long bones lie in a hand: a mean shape, and how it lies over the boxes of one radiograph.

The hand's frame: x to the thumb, y to the wrist, origin in the middle of the 21 bones, standard deviation 1 along both
axes. An affine map carries a radiograph's frame there: it holds turn, size, side, and the squash of the frame. The mean
shape is that of the hands of folds 0 to 7 whose 21 bones are all marked; `python -m models.evaluation.anatomy` measures
it.
"""

from dataclasses import dataclass
from enum import StrEnum
from itertools import product
from typing import Final

import numpy as np
from numpy.typing import NDArray

Points = NDArray[np.float64]
"""(N, 2) x, y."""


class HandBone(StrEnum):
    """The long bones that a hand radiograph shows; finger 1 is the thumb."""

    RADIUS = "radius"
    ULNA = "ulna"
    METACARPAL_1 = "metacarpal-1"
    METACARPAL_2 = "metacarpal-2"
    METACARPAL_3 = "metacarpal-3"
    METACARPAL_4 = "metacarpal-4"
    METACARPAL_5 = "metacarpal-5"
    PROXIMAL_PHALANX_1 = "proximal-phalanx-1"
    PROXIMAL_PHALANX_2 = "proximal-phalanx-2"
    PROXIMAL_PHALANX_3 = "proximal-phalanx-3"
    PROXIMAL_PHALANX_4 = "proximal-phalanx-4"
    PROXIMAL_PHALANX_5 = "proximal-phalanx-5"
    MIDDLE_PHALANX_2 = "middle-phalanx-2"
    MIDDLE_PHALANX_3 = "middle-phalanx-3"
    MIDDLE_PHALANX_4 = "middle-phalanx-4"
    MIDDLE_PHALANX_5 = "middle-phalanx-5"
    DISTAL_PHALANX_1 = "distal-phalanx-1"
    DISTAL_PHALANX_2 = "distal-phalanx-2"
    DISTAL_PHALANX_3 = "distal-phalanx-3"
    DISTAL_PHALANX_4 = "distal-phalanx-4"
    DISTAL_PHALANX_5 = "distal-phalanx-5"

    @property
    def kind(self) -> str:
        """The class under which a detector finds it: fingers are not told apart."""
        if self is HandBone.METACARPAL_1:
            return "MCPFirst"
        return _KINDS[self.value.rstrip("-12345")]

    @property
    def finger(self) -> int | None:
        """1 to 5; None for radius and ulna."""
        return int(self.value[-1]) if self.value[-1].isdigit() else None


_KINDS: Final = {
    "radius": "Radius",
    "ulna": "Ulna",
    "metacarpal": "MCP",
    "proximal-phalanx": "ProximalPhalanx",
    "middle-phalanx": "MiddlePhalanx",
    "distal-phalanx": "DistalPhalanx",
}
KINDS: Final = ("Radius", "Ulna", "MCPFirst", "MCP", "ProximalPhalanx", "MiddlePhalanx", "DistalPhalanx")
"""The classes of `set881`; the box of a bone is that of its growing end."""
BONES: Final = tuple(HandBone)

SHAPE: Final = np.array(
    [
        (0.09, 2.17, 0.103, 1.01),  # radius
        (-0.65, 2.20, 0.115, 0.77),  # ulna
        (0.99, 1.22, 0.115, 0.83),  # metacarpal-1
        (0.66, 0.30, 0.091, 0.69),  # metacarpal-2
        (0.02, 0.31, 0.075, 0.67),  # metacarpal-3
        (-0.49, 0.44, 0.084, 0.61),  # metacarpal-4
        (-0.95, 0.65, 0.110, 0.63),  # metacarpal-5
        (1.67, 0.57, 0.105, 0.64),  # proximal-phalanx-1
        (0.75, -0.25, 0.078, 0.65),  # proximal-phalanx-2
        (0.04, -0.24, 0.070, 0.63),  # proximal-phalanx-3
        (-0.56, -0.07, 0.070, 0.61),  # proximal-phalanx-4
        (-1.14, 0.22, 0.086, 0.57),  # proximal-phalanx-5
        (0.94, -0.82, 0.088, 0.58),  # middle-phalanx-2
        (0.07, -0.92, 0.069, 0.56),  # middle-phalanx-3
        (-0.72, -0.67, 0.064, 0.55),  # middle-phalanx-4
        (-1.45, -0.18, 0.091, 0.50),  # middle-phalanx-5
        (2.18, 0.02, 0.189, 0.79),  # distal-phalanx-1
        (1.05, -1.39, 0.144, 0.63),  # distal-phalanx-2
        (0.06, -1.60, 0.108, 0.65),  # distal-phalanx-3
        (-0.84, -1.32, 0.126, 0.65),  # distal-phalanx-4
        (-1.72, -0.64, 0.169, 0.61),  # distal-phalanx-5
    ]
)
"""(21, 4), in the order of BONES: x and y of the mean hand, the root mean square distance from there, and the box's
side (the root of its area)."""
MEANS, SPREADS, SIDES = SHAPE[:, :2], SHAPE[:, 2], SHAPE[:, 3]
_BONE_KINDS = np.array([KINDS.index(bone.kind) for bone in BONES])

REACH = 4.5
"""Spreads from its mean place within which a box may be a bone."""
DOUBT = 8.0
"""Squared spreads that a score of 0 counts as, beside a score of 1: of two boxes near a place the surer one is taken,
and one with a score below one half must lie nearer."""
_TURNS_DEG = (0.0, -25.0, 25.0, -50.0, 50.0)
_REACHES = (16.0, 8.0, 6.0, REACH, REACH)
"""Of the steps in which boxes and shape are brought together."""
_LEAST_MATCHED = 8
"""Bones that say how a hand lies; fewer fit anywhere."""
_GOOD = 40.0
"""Misfit below which no other start is tried: 21 is the mean of whole hands, and the wrong side costs 80 or more."""
_MOST_STRETCH = 3.0
"""Of a radiograph along one direction over another, to be a hand: marked ones come to 2.0, and the frame's aspect may
differ from theirs by 1.4."""


@dataclass(frozen=True)
class Pose:
    """How the mean hand lies over a radiograph, and which box stands at each bone's place.

    matrix: (3, 2), from (x, y, 1) in the radiograph's frame to the hand's.  places: (N, 2) of the boxes' centres in the
    hand's frame.  chosen: (21,) index of the box nearest to each bone, -1 for none.  distances: (21,) in spreads.
    """

    matrix: Points
    places: Points
    chosen: NDArray[np.int64]
    distances: NDArray[np.float64]

    @property
    def misfit(self) -> float:
        """Sum of squared distances, a missing bone counted as at the end of its reach."""
        return float(np.where(self.chosen >= 0, self.distances**2, REACH**2).sum())

    @property
    def magnification(self) -> float:
        """Lengths in the hand's frame over lengths in the radiograph's."""
        return float(np.sqrt(abs(np.linalg.det(self.matrix[:2]))))

    @property
    def mirrored(self) -> bool:
        """Whether the thumb lies to the left of an upright hand: a right hand seen like the atlas's left ones."""
        return float(np.linalg.det(self.matrix[:2])) < 0


@dataclass(frozen=True)
class _Boxes:
    """centres (N, 2), kinds (N,), and doubts (N,): squared spreads by which a box is as if further off its place."""

    centres: Points
    kinds: NDArray[np.int64]
    doubts: NDArray[np.float64]


def best_pose(centres: Points, kinds: NDArray[np.int64], scores: NDArray[np.float64]) -> Pose | None:
    """The pose with the least misfit over both sides and turns to 50 degrees, or a good one; None where too little is
    there.

    centres: (N, 2) of the boxes; kinds: (N,) indices into KINDS; scores: (N,) in [0, 1].
    """
    boxes = _Boxes(centres, kinds, DOUBT * (1 - scores))
    there = np.array([(kinds == KINDS.index(bone.kind)).any() for bone in BONES])
    if there.sum() < _LEAST_MATCHED or len(centres) < _LEAST_MATCHED:
        return None
    best: Pose | None = None
    for turn, side in product(_TURNS_DEG, (1.0, -1.0)):
        pose = _settled(_start(centres, kinds, turn, side), boxes)
        if pose is not None and (best is None or pose.misfit < best.misfit):
            best = pose
        if best is not None and best.misfit < _GOOD:
            break
    return best


def _start(centres: Points, kinds: NDArray[np.int64], turn_deg: float, side: float) -> Points:
    """(3, 2): the boxes turned, mirrored where side is -1, and brought to the mean and spread of the bones of their
    kinds."""
    angle, spread = np.deg2rad(turn_deg), centres.std(0).clip(1e-6)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    linear = np.diag(1 / spread) @ turn @ np.diag([side, 1.0])
    wanted = MEANS[np.isin(_BONE_KINDS, kinds)]
    linear = linear * wanted.std(0) / (centres @ linear).std(0).clip(1e-6)
    return np.vstack([linear, wanted.mean(0) - centres.mean(0) @ linear])


def _settled(matrix: Points, boxes: _Boxes) -> Pose | None:
    """Boxes to bones and the frame to the hand's, in turns; None where no hand comes of it."""
    for reach in _REACHES:
        pose = _matched(matrix, boxes, reach)
        bones = pose.chosen >= 0
        if bones.sum() < _LEAST_MATCHED:
            return None
        matrix = affine(boxes.centres[pose.chosen[bones]], MEANS[bones], 1 / SPREADS[bones])
        stretch = np.linalg.svd(matrix[:2], compute_uv=False)
        if stretch[0] > _MOST_STRETCH * stretch[1]:
            return None
    return _matched(matrix, boxes, REACH)


def _matched(matrix: Points, boxes: _Boxes, reach: float) -> Pose:
    """The boxes nearest to the bones of their kind, each used once, so that the sum of squares and doubts is least."""
    places = carried(boxes.centres, matrix)
    distances = np.linalg.norm(places[None] - MEANS[:, None], axis=2) / SPREADS[:, None]
    allowed = (_BONE_KINDS[:, None] == boxes.kinds[None]) & (distances <= reach)
    costs = np.where(allowed, distances**2 + boxes.doubts, 1e6)
    from scipy.optimize import linear_sum_assignment  # a training machine may lack it, and needs the names alone

    bones, taken = linear_sum_assignment(np.c_[costs, np.full((len(BONES), len(BONES)), reach**2 + DOUBT / 2)])
    chosen = np.where(taken < len(places), taken, -1)[np.argsort(bones)]
    nearest = np.where(chosen >= 0, distances[np.arange(len(BONES)), chosen], np.inf)
    return Pose(matrix, places, chosen.astype(np.int64), nearest)


def affine(source: Points, target: Points, weights: NDArray[np.float64]) -> Points:
    """(3, 2) matrix from (x, y, 1) to target with the least weighted squares; source, target (N, 2), N >= 3."""
    design = np.c_[source, np.ones(len(source))] * weights[:, None]
    return np.asarray(np.linalg.lstsq(design, target * weights[:, None], rcond=None)[0])


def carried(points: Points, matrix: Points) -> Points:
    """(N, 2) points through a (3, 2) matrix."""
    return np.asarray(np.c_[points, np.ones(len(points))] @ matrix)
