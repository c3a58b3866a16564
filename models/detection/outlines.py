"""What is marked, as points around it: the upright box of a turned hand is that of its turned points.

A box's turned corners would give a box that grows with the angle. Places are fractions of the frame, x right, y down.
"""

import numpy as np
import torch
from numpy.typing import NDArray

from models.data.annotations import Box, HandKeyPoints

Outline = NDArray[np.float32]
"""(P, 2) x, y."""
FOREARM_HALF_WIDTH = 0.12
"""Of the forearm where it leaves the hand's box, as a share of the box's mean side."""
LEAST_VISIBLE = 0.3
"""Share of a box that must lie in the frame after augmentation, else what it holds counts as not there."""
_KNUCKLES = tuple(f"{finger}1" for finger in ("forefinger", "middle_finger", "ring_finger", "pinky_finger"))


def hand_outline(hand: HandKeyPoints) -> Outline:
    """The key points and both sides of the forearm's cut, stretched so that they fill the marked box exactly.

    The box that is marked reaches beyond the wrist, where no key point lies, and beyond the tips by the flesh.
    """
    corners = np.array(hand.hand.corners)
    marked = np.array([(point.x, point.y) for point in hand.points.values() if point.visibility])
    cut = _forearm_cut(hand, corners)
    return _filled(np.concatenate([marked, cut]), corners)


def box_outline(box: Box, points: int = 16) -> Outline:
    """The ellipse inside a box: for bones, of which only the box is known."""
    turn = np.arange(points) * 2 * np.pi / points
    ring = np.stack([np.cos(turn) * box.width / 2, np.sin(turn) * box.height / 2], 1)
    return np.asarray(ring + np.array([box.cx, box.cy]), dtype=np.float32)


def stack_outlines(outlines: list[Outline]) -> Outline:
    """(K, P, 2), P of the longest; the shorter ones repeat their first point. K is at least 1."""
    longest = max(len(outline) for outline in outlines)
    return np.stack([np.concatenate([each, each[:1].repeat(longest - len(each), 0)]) for each in outlines])


def boxes_around(outlines: torch.Tensor) -> torch.Tensor:
    """(K, P, 2) -> (K, 4) left, top, right, bottom, cut at the frame."""
    return torch.cat([outlines.amin(1), outlines.amax(1)], 1).clamp(0, 1)


def moved(outlines: torch.Tensor, matrix: torch.Tensor) -> torch.Tensor:
    """Where an augmentation takes points: (K, P, 2) with its (2, 3) matrix from output to input, as
    `models.data.augment.affine_matrices` gives it."""
    inverse = torch.linalg.inv(matrix[:, :2])
    return ((outlines * 2 - 1 - matrix[:, 2]) @ inverse.T + 1) / 2


def visible(outlines: torch.Tensor) -> torch.Tensor:
    """(K,) bool: whether enough of each lies in the frame."""
    whole = (outlines.amax(1) - outlines.amin(1)).prod(1)
    boxes = boxes_around(outlines)
    return (boxes[:, 2:] - boxes[:, :2]).prod(1) > LEAST_VISIBLE * whole


def _forearm_cut(hand: HandKeyPoints, corners: NDArray[np.float64]) -> NDArray[np.float64]:
    """(2, 2): where a line from the knuckles through the wrist leaves the box, to either side of it."""
    wrist = np.array([hand.points["wrist"].x, hand.points["wrist"].y])
    knuckles = np.mean([(hand.points[name].x, hand.points[name].y) for name in _KNUCKLES], axis=0)
    along = (wrist - knuckles) / max(1e-6, float(np.linalg.norm(wrist - knuckles)))
    edges = np.where(along > 0, corners[2:], corners[:2])
    with np.errstate(divide="ignore"):
        reach = np.where(along == 0, np.inf, (edges - wrist) / along).min()
    half = FOREARM_HALF_WIDTH * (corners[2:] - corners[:2]).mean()
    side = half * np.array([-along[1], along[0]])
    middle = wrist + max(0.0, float(reach)) * along
    return np.clip([middle - side, middle + side], corners[:2], corners[2:])


def _filled(points: NDArray[np.float64], corners: NDArray[np.float64]) -> Outline:
    low, high = points.min(0), points.max(0)
    shares = (points - low) / np.maximum(1e-6, high - low)
    return np.asarray(corners[:2] + shares * (corners[2:] - corners[:2]), dtype=np.float32)
