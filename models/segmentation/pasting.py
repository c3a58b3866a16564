"""True hands on made-up backgrounds: radiographs whose mask is known because it was cut out by hand.

A hand ends where its picture was cut, most often across the forearm. There the exposed field ends too, or the frame.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from models.segmentation.backgrounds import Canvas, add_grain, add_letters, draw_background
from models.segmentation.masks import Mask, clean
from models.segmentation.true_masks import TrueHand

_HEIGHT = 400
_RIM_PX = 4
Matrix = NDArray[np.float64]
"""(2, 3) from the hand's picture to the frame."""


@dataclass(frozen=True)
class Pasted:
    """pixels: (H, W) float32 in [0, 1] of any aspect, bone bright, not yet made standard; mask: (H, W) bool."""

    pixels: Canvas
    mask: Mask


def paste(hand: TrueHand, rng: np.random.Generator) -> Pasted:
    """One radiograph of this hand: turned, mirrored, of another size, tone and surroundings. The same generator, the
    same picture."""
    shape = _HEIGHT, round(_HEIGHT / float(rng.uniform(0.85, 1.5)))
    matrix = _placement(hand, shape, rng)
    field = _field(hand, matrix, shape, rng)
    mask = clean((_moved(hand.mask.astype(np.float32), matrix, shape) > 0.5) & (field > 0.5))
    behind = draw_background(shape, rng)
    absorbed = _moved(_absorption(hand, rng), matrix, shape) * mask
    room = np.float32(rng.uniform(0.6, 1.0)) * (1 - behind.air)
    pixels = field * (behind.air + absorbed * room) + (1 - field) * behind.outside
    pixels += 4 * field * (1 - field) * np.float32(max(0.0, rng.uniform(-0.5, 0.5)))  # a bright line around the field
    add_letters(pixels, mask, rng)
    return Pasted(add_grain(pixels, rng), mask)


def _absorption(hand: TrueHand, rng: np.random.Generator) -> Canvas:
    """How much brighter than air each place is, 0 to 1: the picture without what its own air had added."""
    outside = cv2.erode(hand.mask.astype(np.uint8), np.ones((2 * _RIM_PX + 1,) * 2)) == 0
    air = float(np.percentile(hand.pixels[hand.mask & outside], 10)) * float(rng.uniform(0.4, 0.95))
    above = ((hand.pixels - air) / (1 - air)).clip(0, 1) ** np.float32(np.exp(rng.uniform(-0.3, 0.3)))
    return np.where(hand.mask, np.maximum(above, 0.02), 0).astype(np.float32)


def _placement(hand: TrueHand, shape: tuple[int, int], rng: np.random.Generator) -> Matrix:
    """Half of the hands stand on the frame's lower side, with their forearm cut by it; the others anywhere."""
    (tall, wide), (height, width) = hand.mask.shape, shape
    scale = float(rng.uniform(0.5, 1.05)) * min(height / tall, width / wide)
    turn = cv2.getRotationMatrix2D((wide / 2, tall / 2), float(rng.uniform(-25, 25)), scale)
    if rng.random() < 0.5:
        turn = turn @ np.array([[-1.0, 0, wide], [0, 1, 0], [0, 0, 1]])
    middle = np.array([width, height]) * rng.uniform(0.38, 0.62, 2)
    if rng.random() < 0.5:
        middle[1] = height - scale * tall * float(rng.uniform(0.3, 0.48))
    turn[:, 2] += middle - turn @ [wide / 2, tall / 2, 1]
    return np.asarray(turn)


def _field(hand: TrueHand, matrix: Matrix, shape: tuple[int, int], rng: np.random.Generator) -> Canvas:
    """1 where the frame was exposed: to just inside the sides where the hand is cut, further out at the others."""
    tall, wide = hand.mask.shape
    reach = [-rng.uniform(0.005, 0.05) if cut else rng.uniform(0, 1) ** 2 for cut in hand.cut]
    left, top, right, bottom = np.array(reach) * [wide, tall, wide, tall]
    corners = np.array([[-left, -top], [wide + right, -top], [wide + right, tall + bottom], [-left, tall + bottom]])
    there = corners @ matrix[:, :2].T + matrix[:, 2]
    field = np.zeros(shape, np.float32)
    cv2.fillPoly(field, [np.rint(there).astype(np.int32)], 1.0)
    return np.asarray(cv2.GaussianBlur(field, (0, 0), float(rng.uniform(0.4, 2))), dtype=np.float32)


def _moved(values: Canvas, matrix: Matrix, shape: tuple[int, int]) -> Canvas:
    return np.asarray(cv2.warpAffine(values, matrix, shape[::-1], flags=cv2.INTER_AREA), dtype=np.float32)
