"""From a network's answer to one mask, and the rule by which a mask has failed. Pure.

Masks are (H, W) bool, true on the hand and on as much of the forearm as is exposed.
"""

from enum import StrEnum

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from models.data.annotations import HandKeyPoints
from models.segmentation.axis import axis_of

Mask = NDArray[np.bool_]
_EIGHT = np.ones((3, 3), bool)
LEAST_AREA, MOST_AREA = 0.04, 0.75
"""Share of the frame that a hand covers."""
LEAST_LARGEST = 0.9
"""Share of a network's answer that its largest component holds; with less, the answer is in pieces."""
TIP_TOLERANCE = 0.01
"""Share of the side by which a key point may lie beside the mask."""
GAP = 0.05
"""Share of the frame's border: contacts nearer to each other than this are one."""


class MaskFault(StrEnum):
    """Why a mask has failed."""

    AREA = "area"
    """It covers too little of the frame, or too much."""
    PIECES = "pieces"
    """It is in pieces before the largest one is taken."""
    KEY_POINTS = "key-points"
    """It does not hold all key points."""
    BORDER = "border"
    """It touches the frame's border elsewhere than at the wrist."""


def largest_component(mask: Mask) -> Mask:
    """The largest of the pieces that hang together over edges or corners; nothing of nothing."""
    labels, count = ndimage.label(mask, _EIGHT)
    if count < 2:
        return mask.copy()
    return np.asarray(labels == np.bincount(labels.ravel())[1:].argmax() + 1)


def fill_holes(mask: Mask) -> Mask:
    """Without the background that cannot reach the border over pixels' edges."""
    return np.asarray(ndimage.binary_fill_holes(mask), dtype=np.bool_)


def clean(mask: Mask) -> Mask:
    """The largest component without holes (PreciseBAA 4.1)."""
    return fill_holes(largest_component(mask))


def fault_of(answer: Mask, hand: HandKeyPoints | None = None) -> MaskFault | None:
    """The first fault of an answer as it comes from a network, before `clean`; None where its mask may be used.

    hand: its key points, in fractions of the frame. Where they are known, the mask holds them all and touches the
    border only beyond the wrist; where they are not, it touches the border in one place at most.
    """
    mask = clean(answer)
    if not LEAST_AREA <= mask.mean() <= MOST_AREA:
        return MaskFault.AREA
    if (mask & answer).sum() < LEAST_LARGEST * answer.sum():
        return MaskFault.PIECES
    if hand is not None and not _holds(mask, hand):
        return MaskFault.KEY_POINTS
    alone = _contacts(mask) <= 1 if hand is None else _only_beyond_wrist(mask, hand)
    return None if alone else MaskFault.BORDER


def _holds(mask: Mask, hand: HandKeyPoints) -> bool:
    """Whether every marked key point lies on the mask or next to it."""
    height, width = mask.shape
    beside = ndimage.distance_transform_edt(~mask)
    places = np.array([(point.y, point.x) for point in hand.points.values() if point.visibility])
    rows, columns = (places * [height, width]).astype(int).clip(0, [height - 1, width - 1]).T
    return bool((beside[rows, columns] <= TIP_TOLERANCE * max(height, width)).all())


def _only_beyond_wrist(mask: Mask, hand: HandKeyPoints) -> bool:
    border = np.zeros_like(mask)
    border[[0, -1]] = border[:, [0, -1]] = True
    return not (mask & border & ~axis_of(hand, mask.shape).beyond_wrist(mask.shape)).any()


def _contacts(mask: Mask) -> int:
    """In how many places the mask touches the border, walking once around the frame."""
    way = np.concatenate([mask[0], mask[1:, -1], mask[-1, -2::-1], mask[-2:0:-1, 0]])
    touched = np.flatnonzero(way)
    if not touched.size:
        return 0
    steps = np.diff(touched, append=touched[0] + way.size)
    return max(1, int((steps > GAP * way.size).sum()))
