"""Whole hands that pictures are made of, and the ways to take a piece of one, to bend it, or to show it a little worse.

Cuts are told as shares of the hand's box, which reaches from the tips to the ends of radius and ulna; the carpal bones
lie at 0.70 to 0.85 of its height.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from models.attention.coarse import Box
from models.plausibility.scene import Pixels

Generator = np.random.Generator
Shift = NDArray[np.floating]


@dataclass(frozen=True)
class Hand:
    """An upright hand with its fingers up. pixels: (H, W) float32 in [0, 1]; box: around it, fractions of the frame."""

    pixels: Pixels
    box: Box


Hands = Sequence[Hand]
"""As many as a generator may need, one after the other; the first is the one that is spoiled."""
HANDS_NEEDED = 3


def whole(hand: Hand, rng: Generator) -> Pixels:
    """The same hand in another frame, with some of what lies beyond its box cut off or added: to be read."""
    height, width = hand.pixels.shape
    box = hand.box
    kept = rng.uniform(0.25, 1, 4)
    left, right = box.left * (1 - kept[0]), 1 - (1 - box.right) * (1 - kept[1])
    top, bottom = box.top * (1 - kept[2]), 1 - (1 - box.bottom) * (1 - kept[3])
    cut: Pixels = hand.pixels[
        int(top * height) : int(np.ceil(bottom * height)), int(left * width) : int(np.ceil(right * width))
    ]
    if rng.random() < 0.3:
        sides = (rng.uniform(0, 0.15, 4) * [height, height, width, width]).astype(int).tolist()
        cut = np.pad(cut, ((sides[0], 0), (sides[2], sides[3])), constant_values=cut.min())
    return np.asarray(cut)


def poor(pixels: Pixels, rng: Generator) -> Pixels:
    """A hand that shows a little worse, and is still to be read: one fault of five, each too small to hide a bone.

    Out of focus by an SD of to 1/200 of the side, grainy, pale, one row of forty lost, or bent by an SD of to 1/100.
    """
    side, fault = min(pixels.shape), int(rng.integers(5))
    worse: NDArray[Any] = pixels
    if fault == 0:
        worse = cv2.GaussianBlur(pixels, (0, 0), max(0.3, side * float(rng.uniform(0.001, 0.005))))
    elif fault == 1:
        worse = pixels + rng.uniform(0.1, 0.5) * pixels.std() * rng.standard_normal(pixels.shape)
    elif fault == 2:
        worse = rng.uniform(0.2, 0.5) + rng.uniform(0.15, 0.4) * pixels
    elif fault == 3:
        worse = pixels.copy()
        worse[rng.random(len(worse)) < 1 / 40] = float(rng.integers(2))
    else:
        worse = moved(pixels, *(side * rng.uniform(0.002, 0.01) * soft_field(pixels.shape, side / 6, rng)))
    return np.asarray(worse.clip(0, 1), dtype=np.float32)


def inside(hand: Hand, left: float, top: float, right: float, bottom: float) -> Pixels:
    """The frame cut at shares of the box; shares below 0 or above 1 reach to the frame's side."""
    height, width = hand.pixels.shape
    box = hand.box
    x = [box.left + share * (box.right - box.left) for share in (left, right)]
    y = [box.top + share * (box.bottom - box.top) for share in (top, bottom)]
    x0, y0 = 0 if left < 0 else int(x[0] * width), 0 if top < 0 else int(y[0] * height)
    x1, y1 = width if right > 1 else int(x[1] * width), height if bottom > 1 else int(y[1] * height)
    return hand.pixels[max(y0, 0) : max(y1, y0 + 8), max(x0, 0) : max(x1, x0 + 8)]


def fitted(pixels: Pixels, height: int, width: int) -> Pixels:
    return np.asarray(cv2.resize(pixels, (width, height), interpolation=cv2.INTER_AREA), dtype=np.float32)


def moved(pixels: Pixels, right: Shift, down: Shift) -> Pixels:
    """Each pixel taken from so many pixels further right and down; beyond the frame its edge goes on."""
    y, x = np.mgrid[: pixels.shape[0], : pixels.shape[1]].astype(np.float32)
    there = x + np.asarray(right, np.float32), y + np.asarray(down, np.float32)
    return np.asarray(cv2.remap(pixels, *there, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE), dtype=np.float32)


def soft_field(shape: tuple[int, ...], softness_px: float, rng: Generator) -> Shift:
    """(2, H, W) random and smooth, each with SD 1: structure of about this size."""
    fields = rng.standard_normal((2, *shape), dtype=np.float32)
    smooth = np.stack([cv2.GaussianBlur(each, (0, 0), softness_px) for each in fields])
    return np.asarray(smooth / smooth.std((1, 2), keepdims=True))
