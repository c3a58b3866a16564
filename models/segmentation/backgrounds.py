"""What lies around a hand in a radiograph, made up: exposed fields, shading, grain, side letters."""

import string
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

Canvas = NDArray[np.float32]
"""(H, W) brightness in [0, 1]."""
_FONTS = (cv2.FONT_HERSHEY_SIMPLEX, cv2.FONT_HERSHEY_DUPLEX, cv2.FONT_HERSHEY_TRIPLEX)


@dataclass(frozen=True)
class Background:
    """air: brightness of the exposed field, where there is no hand; outside: that of what was not exposed."""

    air: Canvas
    outside: Canvas


def draw_background(shape: tuple[int, int], rng: np.random.Generator) -> Background:
    """Dark air more often than bright; outside mostly black, sometimes grey or white, with another field in it."""
    air = float(rng.uniform(0.02, 0.25) if rng.random() < 0.7 else rng.uniform(0.25, 0.6))
    outside = float(rng.uniform(0, 0.08) if rng.random() < 0.65 else rng.uniform(0.08, 1))
    beyond = np.full(shape, np.float32(outside), dtype=np.float32)
    if rng.random() < 0.3:
        _add_field(beyond, rng)
    beyond = np.asarray(cv2.GaussianBlur(beyond, (0, 0), float(rng.uniform(0.5, 2))), dtype=np.float32)
    return Background(shading(shape, air, rng), beyond)


def shading(shape: tuple[int, int], level: float, rng: np.random.Generator) -> Canvas:
    """A level with a slope across it and soft clouds."""
    height, width = shape
    slope_x, slope_y = rng.uniform(-0.4, 0.4, 2)
    rows, columns = np.mgrid[:height, :width].astype(np.float32)
    slope = 1 + np.float32(slope_x) * (columns / width - 0.5) + np.float32(slope_y) * (rows / height - 0.5)
    coarse = rng.standard_normal((5, 5), dtype=np.float32) * np.float32(rng.uniform(0, 0.15))
    clouds = 1 + cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC)
    return np.asarray((level * slope * clouds).clip(0, 1), dtype=np.float32)


def add_grain(pixels: Canvas, rng: np.random.Generator) -> Canvas:
    """With the grain of a film or a detector, up to an SD of 0.03."""
    grain = rng.standard_normal(pixels.shape, dtype=np.float32) * np.float32(rng.uniform(0, 0.03))
    blurred = cv2.GaussianBlur(grain, (0, 0), float(rng.uniform(0.3, 1.2)))
    return np.asarray((pixels + blurred).clip(0, 1), dtype=np.float32)


def add_letters(pixels: Canvas, hand: NDArray[np.bool_], rng: np.random.Generator) -> None:
    """Lay up to three side letters, initials or plates anywhere, but seldom over the hand. In place."""
    for _ in range(int(rng.integers(0, 4))):
        _lay(pixels, _label(pixels.shape[0], rng), hand, rng)


def _add_field(beyond: Canvas, rng: np.random.Generator) -> None:
    """Another exposed field, of which a corner or a strip shows."""
    height, width = beyond.shape
    centre = tuple(float(value) for value in rng.uniform(-0.1, 1.1, 2) * [width, height])
    size = tuple(float(value) for value in rng.uniform(0.2, 1.0, 2) * [width, height])
    corners = cv2.boxPoints((centre, size, float(rng.uniform(-30, 30))))
    cv2.fillPoly(beyond, [np.rint(corners).astype(np.int32)], float(rng.uniform(0, 1)))


def _label(height: int, rng: np.random.Generator) -> Canvas:
    """A text on a plate, or on nothing, turned: (h, w), negative where the label does not cover."""
    letters = "".join(rng.choice(list(string.ascii_uppercase), int(rng.integers(1, 4))))
    text = "LR"[int(rng.integers(2))] if rng.random() < 0.5 else letters
    font, scale = _FONTS[int(rng.integers(len(_FONTS)))], height * float(rng.uniform(0.0012, 0.0035))
    stroke = max(1, round(scale * 2))
    (wide, tall), _ = cv2.getTextSize(text, font, scale, stroke)
    side = int(1.5 * np.hypot(wide, tall)) + 4
    plate = np.full((side, side), np.float32(-1), dtype=np.float32)
    left, top = (side - wide) // 2, (side - tall) // 2
    if rng.random() < 0.5:
        margin = int(0.4 * tall)
        corners = (left - margin, top - margin), (left + wide + margin, top + tall + margin)
        cv2.rectangle(plate, *corners, float(rng.uniform(0.2, 0.7)), -1)
    cv2.putText(plate, text, (left, top + tall), font, scale, float(rng.uniform(0.7, 1)), stroke)
    angle = float(rng.choice([0, 90, 180, 270]) + rng.uniform(-20, 20))
    turn = cv2.getRotationMatrix2D((side / 2, side / 2), angle, 1)
    return np.asarray(cv2.warpAffine(plate, turn, (side, side), flags=cv2.INTER_NEAREST, borderValue=-1.0))


def _lay(pixels: Canvas, label: Canvas, hand: NDArray[np.bool_], rng: np.random.Generator) -> None:
    height, width = pixels.shape
    side = min(len(label), height, width)
    top, left = int(rng.integers(height - side + 1)), int(rng.integers(width - side + 1))
    place = slice(top, top + side), slice(left, left + side)
    covered = label[:side, :side] >= 0
    if not (covered & hand[place]).any() or rng.random() < 0.15:
        pixels[place] = np.where(covered, np.maximum(pixels[place], label[:side, :side]), pixels[place])
