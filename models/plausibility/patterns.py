"""Pictures of nothing in a body: noise, plain fields, slopes, pages, shapes, test patterns.

Each takes a generator and gives pixels as `scene.Pixels`.
"""

import string

import cv2
import numpy as np

from models.plausibility.scene import Pixels
from models.segmentation.backgrounds import add_grain, add_letters, draw_background

Generator = np.random.Generator


def _shape(rng: Generator) -> tuple[int, int]:
    return 320, round(320 / float(rng.uniform(0.75, 1.5)))


def _clipped(values: "np.ndarray[tuple[int, ...], np.dtype[np.floating]]") -> Pixels:
    return np.asarray(values.clip(0, 1), dtype=np.float32)


def noise(rng: Generator) -> Pixels:
    """Noise alone, fine or coarse, of any level and strength."""
    grain = rng.standard_normal(_shape(rng), dtype=np.float32)
    softness = float(rng.choice([0.0, rng.uniform(0.5, 4)]))
    if softness:
        grain = np.asarray(cv2.GaussianBlur(grain, (0, 0), softness))
    grain = grain / max(float(grain.std()), 1e-6)
    return _clipped(rng.uniform(0.2, 0.8) + rng.uniform(0.03, 0.3) * grain)


def blank(rng: Generator) -> Pixels:
    """One brightness, with the last bit's noise."""
    return _clipped(rng.uniform(0, 1) + rng.uniform(0, 0.004) * rng.standard_normal(_shape(rng)))


def saturated(rng: Generator) -> Pixels:
    """White but for a few dark specks, or a corner."""
    pixels = np.ones(_shape(rng), np.float32)
    for _ in range(int(rng.integers(0, 5))):
        y, x = (rng.random(2) * pixels.shape).astype(int)
        pixels[y : y + int(rng.integers(4, 60)), x : x + int(rng.integers(4, 60))] = float(rng.uniform(0, 0.9))
    return pixels


def gradient(rng: Generator) -> Pixels:
    """A slope across the frame, straight or round."""
    height, width = _shape(rng)
    y, x = np.mgrid[:height, :width] / max(height, width)
    if rng.random() < 0.5:
        angle = rng.uniform(0, 2 * np.pi)
        slope = np.cos(angle) * x + np.sin(angle) * y
    else:
        slope = np.hypot(x - rng.uniform(0, 1), y - rng.uniform(0, 1))
    slope = (slope - slope.min()) / np.ptp(slope)
    return _clipped(rng.uniform(0, 0.3) + rng.uniform(0.3, 0.7) * slope + 0.01 * rng.standard_normal(slope.shape))


def exposed_field(rng: Generator) -> Pixels:
    """An exposure of the table: field, borders and letters, and no hand."""
    shape = _shape(rng)
    behind = draw_background(shape, rng)
    inside = np.zeros(shape, np.float32)
    corners = (rng.uniform(0, 0.2, 2), rng.uniform(0.8, 1, 2))
    low, high = (np.rint(each * shape[::-1]).astype(int).tolist() for each in corners)
    cv2.rectangle(inside, low, high, 1.0, -1)
    pixels = np.asarray(inside * behind.air + (1 - inside) * behind.outside, dtype=np.float32)
    add_letters(pixels, np.zeros(shape, np.bool_), rng)
    return add_grain(pixels, rng)


def page(rng: Generator) -> Pixels:
    """A page of text, dark on bright or bright on dark, with a frame or a table."""
    height, width = _shape(rng)
    paper, ink = float(rng.uniform(0.8, 1)), float(rng.uniform(0, 0.3))
    pixels = np.full((height, width), np.float32(paper), dtype=np.float32)
    size = float(rng.uniform(0.3, 0.9))
    for y in range(20, height - 8, round(30 * size) + 4):
        if rng.random() < 0.85:
            letters = "".join(rng.choice(list(string.ascii_letters + string.digits + "    "), int(rng.integers(8, 50))))
            cv2.putText(pixels, letters, (8, y), cv2.FONT_HERSHEY_SIMPLEX, size, ink, 1, cv2.LINE_AA)
    if rng.random() < 0.4:
        cv2.rectangle(pixels, (4, 4), (width - 5, height - 5), ink, 2)
    return add_grain(pixels if rng.random() < 0.5 else np.float32(1) - pixels, rng)


def shapes(rng: Generator) -> Pixels:
    """Discs, boxes, lines and polygons of any brightness, sharp or soft."""
    height, width = _shape(rng)
    pixels = np.full((height, width), np.float32(rng.uniform(0, 0.5)), dtype=np.float32)
    for _ in range(int(rng.integers(1, 14))):
        level, corners = float(rng.uniform(0, 1)), (rng.uniform(0, 1, (4, 2)) * [width, height]).astype(np.int32)
        kind = int(rng.integers(4))
        if kind == 0:
            cv2.circle(pixels, corners[0].tolist(), int(rng.integers(6, 90)), level, -1)
        elif kind == 1:
            cv2.rectangle(pixels, corners[0].tolist(), corners[1].tolist(), level, -1)
        elif kind == 2:
            cv2.line(pixels, corners[0].tolist(), corners[1].tolist(), level, int(rng.integers(1, 20)))
        else:
            cv2.fillPoly(pixels, [corners], level)
    return add_grain(np.asarray(cv2.GaussianBlur(pixels, (0, 0), float(rng.uniform(0.3, 4)))), rng)


def clouds(rng: Generator) -> Pixels:
    """Soft structure of every size, as of a photograph out of focus."""
    height, width = _shape(rng)
    total = np.zeros((height, width), np.float32)
    for cells in (3, 6, 12, 24, 48, 96):
        coarse = rng.standard_normal((cells, cells), dtype=np.float32) / np.float32(cells ** rng.uniform(0.5, 1.0))
        total += cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC)
    return _clipped(0.5 + rng.uniform(0.15, 0.3) * total / total.std())


def test_pattern(rng: Generator) -> Pixels:
    """What a monitor or a detector is checked with: a chequer, wedges of grey, groups of lines, rings."""
    height, width = _shape(rng)
    y, x = np.mgrid[:height, :width]
    step = int(rng.integers(10, 50))
    pixels = ((x // step + y // step) % 2 * rng.uniform(0.2, 0.6) + 0.2).astype(np.float32)
    pixels[: height // 5] = np.linspace(0, 1, 11)[(np.arange(width) * 11) // width]
    pixels[-height // 4 :] = (np.sin(np.arange(width) ** 1.5 / rng.uniform(10, 40)) > 0) * 0.8 + 0.1
    ring = np.hypot(x - width / 2, y - height / 2)
    pixels[np.abs(ring - 0.3 * min(height, width)) < 3] = 1.0
    return add_grain(pixels, rng)
