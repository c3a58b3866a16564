"""Hands that are there and cannot be read: without contrast, unsharp, under noise, with rows lost.

Each takes hands and a generator and gives pixels as `scene.Pixels`.
"""

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from models.plausibility.hands import Generator, Hands, fitted
from models.plausibility.scene import Pixels
from models.segmentation.backgrounds import shading


def faint(hands: Hands, rng: Generator) -> Pixels:
    """Next to no contrast: a hundredth of the brightness, in steps of the last bits, under noise."""
    pixels = hands[0].pixels
    flat = rng.uniform(0.1, 0.85) + pixels * rng.uniform(0.005, 0.02)
    flat = flat + rng.uniform(0.01, 0.03) * rng.standard_normal(pixels.shape)
    return np.asarray((np.rint(flat * 255) / 255).clip(0, 1), dtype=np.float32)


def drowned(hands: Hands, rng: Generator) -> Pixels:
    """Noise five to ten times as strong as the hand's own contrast."""
    pixels = hands[0].pixels
    loud = rng.uniform(5, 10) * float(pixels.std()) * rng.standard_normal(pixels.shape)
    mixed = pixels + loud
    low, high = np.percentile(mixed, [1, 99])
    return np.asarray(((mixed - low) / (high - low)).clip(0, 1), dtype=np.float32)


def burnt(hands: Hands, rng: Generator) -> Pixels:
    """All of the hand, or its densest parts, white and the rest black: overdriven many times."""
    pixels = hands[0].pixels
    level = float(np.percentile(pixels, rng.uniform(30, 88)))
    hard = (pixels - level) * rng.uniform(15, 60) + 0.5
    return np.asarray(cv2.blur(np.asarray(hard.clip(0, 1), dtype=np.float32), (3, 3)))


def fogged(hands: Hands, rng: Generator) -> Pixels:
    """What is left of the hand's contrast lies below the grain, on a slope with clouds."""
    pixels = hands[0].pixels
    fog = shading((pixels.shape[0], pixels.shape[1]), float(rng.uniform(0.3, 0.7)), rng)
    left = rng.uniform(0.01, 0.05)
    grain = rng.uniform(1.5, 4) * left * float(pixels.std()) * rng.standard_normal(pixels.shape)
    return np.asarray((fog + left * pixels + grain).clip(0, 1), dtype=np.float32)


def silhouette(hands: Hands, rng: Generator) -> Pixels:
    """The outline alone: one grey inside, another outside, and grain."""
    frame = fitted(hands[0].pixels, 300, 300)
    level = float(np.percentile(frame, rng.uniform(30, 65)))
    solid = cv2.morphologyEx(np.asarray(frame > level, np.uint8), cv2.MORPH_CLOSE, np.ones((9, 9), np.uint8))
    soft = cv2.GaussianBlur(solid.astype(np.float32), (0, 0), float(rng.uniform(0.8, 4)))
    outside, step = float(rng.uniform(0, 0.3)), float(rng.uniform(0.2, 0.7))
    grain = rng.uniform(0, 0.04) * rng.standard_normal(frame.shape)
    return np.asarray((outside + step * soft + grain).clip(0, 1), dtype=np.float32)


def blurred(hands: Hands, rng: Generator) -> Pixels:
    """So far out of focus that no growth plate has an edge: evenly, or as by a round opening."""
    frame = fitted(hands[0].pixels, 300, 300)
    reach = float(np.exp(rng.uniform(np.log(5), np.log(22))))
    if rng.random() < 0.6:
        soft = cv2.GaussianBlur(frame, (0, 0), reach)
    else:
        side = 2 * round(2 * reach) + 1  # a disc's SD is half its radius
        disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side)).astype(np.float32)
        soft = cv2.filter2D(frame, -1, disc / disc.sum())
    return _grainy(soft, rng)


def coarse(hands: Hands, rng: Generator) -> Pixels:
    """Of so few pixels that a finger is one or two wide, enlarged in steps or smoothly."""
    side = int(rng.integers(10, 27))
    ways = [cv2.INTER_NEAREST, cv2.INTER_LINEAR, cv2.INTER_CUBIC]
    few = fitted(hands[0].pixels, side, side)
    return _grainy(cv2.resize(few, (300, 300), interpolation=ways[int(rng.integers(3))]), rng)


def shaken(hands: Hands, rng: Generator) -> Pixels:
    """Turned around a point, or moved nearer, while it was exposed."""
    frame = fitted(hands[0].pixels, 300, 300)
    around = tuple(rng.uniform(60, 240, 2).tolist())
    turning = rng.random() < 0.6
    turn_deg, zoom = (float(rng.uniform(12, 40)), 1.0) if turning else (0.0, float(rng.uniform(1.2, 1.6)))
    seen = np.zeros((300, 300), np.float32)
    shares = np.linspace(0, 1, 24)
    for share in shares:
        matrix = cv2.getRotationMatrix2D(around, turn_deg * (share - 0.5), zoom**share)
        seen += cv2.warpAffine(frame, matrix, (300, 300), borderMode=cv2.BORDER_REPLICATE)
    return _grainy(seen / np.float32(len(shares)), rng)


def lined(hands: Hands, rng: Generator) -> Pixels:
    """Three of five rows, or of five columns, or more, lost, black or white, as of a detector that failed."""
    by_rows = bool(rng.random() < 0.6)
    pixels = (hands[0].pixels if by_rows else hands[0].pixels.T).copy()
    lost = np.flatnonzero(rng.random(pixels.shape[0]) < rng.uniform(0.6, 0.85))
    pixels[lost] = rng.integers(0, 2, (len(lost), 1)).astype(np.float32)
    return pixels if by_rows else np.ascontiguousarray(pixels.T)


def _grainy(pixels: NDArray[Any], rng: Generator) -> Pixels:
    """With grain in half of all cases: what is unsharp need not be smooth."""
    strength = rng.uniform(0, 0.08) if rng.random() < 0.5 else 0.0
    return np.asarray((pixels + strength * rng.standard_normal(pixels.shape)).clip(0, 1), dtype=np.float32)
