"""From tissue to a picture: the film's curve, grain, the edges of the field and the side marker."""

import cv2
import numpy as np

from models.phantom.painting import Canvas

_AIR, _FLESH, _BONE = 0.055, 0.30, 0.66
_DENSEST = 1.05


def expose(bone: Canvas, flesh: Canvas, rng: np.random.Generator) -> Canvas:
    """bone: absorption (H, W), about 1 in the cortex; flesh: 0 to 1. Returns (H, W) float32 in [0, 1]."""
    height, width = bone.shape
    brightness, contrast = rng.uniform(0.93, 1.07), rng.uniform(0.9, 1.1)
    grain = rng.standard_normal((height, width), dtype=np.float32)
    trabeculae = cv2.GaussianBlur(grain, (0, 0), max(height / 700, 0.5)) * np.float32(height / 700)
    tissue = np.float32(_FLESH * brightness) * flesh + np.float32(_BONE) * bone * (1 + 0.16 * trabeculae)
    pixels = _AIR + (1 - cv2.exp(-np.float32(1.15 * contrast) * tissue)) / np.float32(_DENSEST)
    pixels *= _field(height, width, rng)
    pixels += np.float32(0.007) * grain
    return np.asarray(pixels.clip(0, 1), dtype=np.float32)


def _field(height: int, width: int, rng: np.random.Generator) -> Canvas:
    """1 inside the collimated field, nearly 0 outside, with a slight heel effect; half have no edges."""
    margins = rng.uniform(0.01, 0.035, 4) * (1 if rng.random() < 0.5 else 0)
    tilt = float(rng.uniform(-0.008, 0.008)) * width * bool(margins.any())
    heel = float(rng.uniform(-0.05, 0.05))
    left, top, right, bottom = margins * [width, height, width, height]
    corners = [[left - tilt, top - tilt], [width - right - tilt, top + tilt]]
    corners += [[width - right + tilt, height - bottom + tilt], [left + tilt, height - bottom - tilt]]
    field = np.full((height, width), np.float32(0.12), dtype=np.float32)
    cv2.fillPoly(field, [np.rint(corners).astype(np.int32)], 1.0, cv2.LINE_AA)
    slope = np.linspace(1 - heel, 1 + heel, width, dtype=np.float32)
    return np.asarray(cv2.blur(field, (3, 3)) * slope, dtype=np.float32)


def mark(pixels: Canvas, flesh: Canvas, letter: str, rng: np.random.Generator) -> None:
    """Lay a lead letter on its plate beside the hand, where there is a free place. In place."""
    height, width = pixels.shape
    tall, wide = round(0.085 * height), round(0.085 * width)
    places = [(0.62, 0.06), (0.05, 0.06), (0.06, 0.84), (0.78, 0.85), (0.80, 0.06)]
    for index in rng.permutation(len(places)):
        down, across = places[index]
        top, left = round(down * height), round(across * width)
        patch = (slice(top, top + tall), slice(left, left + wide))
        if not (flesh[patch] > 0.02).any():
            pixels[patch] = np.maximum(pixels[patch], _plate(letter, tall, wide))
            return


def _plate(letter: str, tall: int, wide: int) -> Canvas:
    """A faint plate with a bright letter in its middle."""
    plate = np.full((tall, wide), 30, np.uint8)
    scale, stroke = tall / 42, max(round(tall / 14), 1)
    (text_wide, text_tall), _ = cv2.getTextSize(letter, cv2.FONT_HERSHEY_SIMPLEX, scale, stroke)
    origin = ((wide - text_wide) // 2, (tall + text_tall) // 2)
    cv2.putText(plate, letter, origin, cv2.FONT_HERSHEY_SIMPLEX, scale, 250, stroke, cv2.LINE_AA)
    return plate.astype(np.float32) / np.float32(255)
