"""Masks of real radiographs from key points: a threshold for each place between the hand and what lies around it.

The key points say what is surely hand (the skeleton drawn along fingers and palm) and what is surely not (far from it,
or beyond the hand's box). In between, a pixel is hand where it is nearer in brightness to the hand's rim close by than
to the background close by; hand and background are found again a few times. Lengths are in palms, the distance from
the knuckles to the wrist.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from models.data.annotations import HandKeyPoints
from models.segmentation.axis import FINGERS, Axis, axis_of, places
from models.segmentation.masks import Mask, clean, fault_of

Frame = NDArray[np.uint8]
FINGER_WIDTH = 0.14
"""Of the drawn skeleton, which lies well inside the flesh."""
FLESH = 0.24
"""The hand ends at most so far from the drawn skeleton."""
ARM_WIDTH, ARM_FLESH, ARM_WEDGE = 0.3, 0.45, 0.4
"""Of the drawn forearm, how far its flesh may reach from it, and how much further for each palm beyond the wrist: a
wrist bends sideways."""
WRIST = 0.5
"""The heel of the hand ends at most so far from the wrist's key point."""
STRIPE = 0.09
"""Half the width of what is too thin for a forearm: collimation edges drawn as bright lines."""
AROUND, AROUND_ARM = 0.3, 0.7
"""The background is measured within this distance of where the hand may be."""
RIM = 0.12
"""The hand's brightness is measured in a rim so wide."""
NEIGHBOURHOOD = 0.22
"""Sigma of the averages over the background and over the rim."""
SHARE = 0.45
"""A pixel is hand from this share of the way from background to rim."""
ROUNDS = 5
LEAST_CONTRAST = 5.0
"""Of 255, across all but 5 % of the outline; masks that run into a bright background have less."""


@dataclass(frozen=True)
class Seeds:
    """(S, S) bool each. sure: hand; possible: may be hand; around: where the background is measured; arm: beyond the
    wrist; start: what counts as hand at first."""

    sure: Mask
    possible: Mask
    around: Mask
    arm: Mask
    start: Mask


def pseudo_mask(frame: Frame, hand: HandKeyPoints) -> Mask | None:
    """The hand and its forearm in a standard frame, (S, S) uint8; None where the mask would be a bad one.

    Bad is a mask with a fault (`models.segmentation.masks.fault_of`) or one whose outline crosses no edge.
    """
    axis = axis_of(hand, frame.shape)
    mask = draw_mask(frame, hand, axis)
    contrast = outline_contrast(frame, mask & ~_end_of_arm(mask, axis), mask)
    return mask if contrast >= LEAST_CONTRAST and fault_of(mask, hand) is None else None


def draw_mask(frame: Frame, hand: HandKeyPoints, axis: Axis) -> Mask:
    """The mask as it comes, good or bad: one component without holes."""
    seeds = _seeds(hand, axis, frame.shape)
    palm, mask = axis.palm_px, seeds.start
    smooth = np.asarray(cv2.GaussianBlur(frame.astype(np.float32), (0, 0), 0.8), dtype=np.float32)
    for _ in range(ROUNDS):
        outside = seeds.around & ~_grown(mask, 1)
        inside = _depth(mask)
        background = _local_mean(smooth, outside, NEIGHBOURHOOD * palm)
        rim = _local_mean(smooth, (inside > 1.5) & (inside < RIM * palm), NEIGHBOURHOOD * palm)
        bright = smooth > background + SHARE * (rim - background)
        mask = clean(_opened(bright & seeds.possible | seeds.sure, 2) | seeds.sure)
        mask = _straight_arm(mask, seeds.arm, palm)
    return clean(mask)


def outline_contrast(frame: Frame, part: Mask, mask: Mask) -> float:
    """How much brighter the mask is inside than outside along the outline of a part of it, in grey levels.

    The 5th percentile over the outline, so that a short bad stretch is enough; the frame's own border does not count.
    """
    smooth = frame.astype(np.float32)
    inside, outside = _depth(mask), _depth(~mask)
    step = _local_mean(smooth, mask & (inside < 4), 2.5) - _local_mean(smooth, ~mask & (outside < 4), 2.5)
    outline = part & (inside < 1.5)
    outline[:2] = outline[-2:] = outline[:, :2] = outline[:, -2:] = False
    return float(np.percentile(step[outline], 5)) if outline.any() else 0.0


def _seeds(hand: HandKeyPoints, axis: Axis, shape: tuple[int, ...]) -> Seeds:
    palm, along = axis.palm_px, axis.beyond_wrist_px(shape)
    beyond = along > 0
    sure = _skeleton(hand, axis, shape)
    arm = _line(shape, axis.wrist, axis.wrist + axis.along * sum(shape), ARM_WIDTH * palm)
    from_hand, from_arm = _depth(~sure), _depth(~arm) - ARM_WEDGE * along
    left, top, right, bottom = hand.hand.in_pixels(shape[1], shape[0])
    box = np.zeros(shape, bool)
    box[int(max(0, top - 2)) : int(bottom + 3), int(max(0, left - 2)) : int(right + 3)] = True
    near_wrist = np.hypot(*(np.indices(shape) - axis.wrist[::-1, None, None])) < WRIST * palm
    possible = (from_hand < FLESH * palm) & box | (from_arm < ARM_FLESH * palm) & beyond | near_wrist
    around = _grown(possible, AROUND * palm) | (from_arm < (ARM_FLESH + AROUND_ARM) * palm) & beyond
    near_box = _grown(box, FINGER_WIDTH * palm)
    start = from_hand < 0.1 * palm
    return Seeds(sure, possible, around & (near_box | beyond), beyond, start)


def _skeleton(hand: HandKeyPoints, axis: Axis, shape: tuple[int, ...]) -> Mask:
    """Fingers from knuckle to tip, the palm, and a little of the forearm."""
    canvas = np.zeros(shape, np.uint8)
    width = max(1, round(FINGER_WIDTH * axis.palm_px))
    for finger in FINGERS:
        points = places(hand, tuple(f"{finger}{joint}" for joint in range(1, 5)), shape)
        cv2.polylines(canvas, [np.rint(points).astype(np.int32)], False, 1, width)
    palm = places(hand, ("wrist", *(f"{finger}1" for finger in FINGERS)), shape)
    cv2.fillConvexPoly(canvas, cv2.convexHull(np.rint(palm).astype(np.int32)), 1)
    stub = _line(shape, axis.wrist, axis.wrist + 0.15 * axis.palm_px * axis.along, ARM_WIDTH * axis.palm_px)
    return canvas.astype(bool) | stub


def _end_of_arm(mask: Mask, axis: Axis) -> Mask:
    """The last part of the forearm: it is cut off, and need not end at an edge."""
    along = axis.beyond_wrist_px(mask.shape)
    return np.asarray(along > 0.85 * max(0.0, float(along[mask].max())))


def _line(shape: tuple[int, ...], start: NDArray[np.float64], end: NDArray[np.float64], width: float) -> Mask:
    canvas = np.zeros(shape, np.uint8)
    ends = [tuple(int(value) for value in np.rint(point)) for point in (start, end)]
    cv2.line(canvas, ends[0], ends[1], 1, max(1, round(width)))
    return canvas.astype(bool)


def _straight_arm(mask: Mask, beyond: Mask, palm: float) -> Mask:
    """With the forearm made convex, so that no gap stays between its bones, and without the thin lines beside it that
    collimation edges make."""
    arm = _opened(mask & beyond, max(1, round(STRIPE * palm)))
    points = np.argwhere(arm)[:, ::-1].astype(np.int32)
    hull = np.zeros(mask.shape, np.uint8)
    if len(points) > 2:
        cv2.fillConvexPoly(hull, cv2.convexHull(points), 1)
    return mask & ~beyond | hull.astype(bool)


def _depth(mask: Mask) -> NDArray[np.float32]:
    """How far each pixel of the mask lies from what is not mask; 0 outside."""
    return np.asarray(cv2.distanceTransform(mask.astype(np.uint8), cv2.DIST_L2, 5), dtype=np.float32)


def _grown(mask: Mask, reach: float) -> Mask:
    return np.asarray(mask | (_depth(~mask) <= reach))


def _opened(mask: Mask, reach: int) -> Mask:
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * reach + 1, 2 * reach + 1))
    return np.asarray(cv2.morphologyEx(mask.astype(np.uint8), cv2.MORPH_OPEN, disc), dtype=np.bool_)


def _local_mean(values: NDArray[np.float32], where: Mask, sigma: float) -> NDArray[np.float32]:
    """The mean over the places close by, weighted by a Gaussian; 0 far from all of them."""
    weight = where.astype(np.float32)
    total = cv2.GaussianBlur(values * weight, (0, 0), sigma)
    return np.asarray(total / np.maximum(cv2.GaussianBlur(weight, (0, 0), sigma), 1e-4), dtype=np.float32)
