"""The thirteen crops that are graded: what each bone's box shows, squeezed to a square and stretched in its tone.

A box is squeezed whatever its sides are, so that a radiograph and its squashed frame give the same crop.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from models.preprocess import LOWER_PERCENTILE, UPPER_PERCENTILE

MARGIN = 1.15
"""Sides of what is shown over those of the box: room for what moves a crop in training."""


def cut_bones(pixels: NDArray[np.float32], boxes: NDArray[np.float64], size: int) -> NDArray[np.uint8]:
    """(H, W) float32, bone bright, and N boxes (left, top, right, bottom) in its pixels -> (N, size, size) uint8.

    What lies beyond the image is its nearest pixel. Raises ValueError for a box without an area, or wholly outside.
    """
    return np.stack([_cut(pixels, box, size) for box in boxes])


def _cut(pixels: NDArray[np.float32], box: NDArray[np.float64], size: int) -> NDArray[np.uint8]:
    height, width = pixels.shape
    left, top, right, bottom = (float(side) for side in box)
    if not (left < right and top < bottom and right > 0 and bottom > 0 and left < width and top < height):
        raise ValueError(f"box {left:g}, {top:g}, {right:g}, {bottom:g}: shows nothing of {width}x{height} pixels")
    half = np.array([right - left, bottom - top]) * MARGIN / 2
    middle = np.array([left + right, top + bottom]) / 2
    low, high = np.floor(middle - half).astype(int), np.ceil(middle + half).astype(int)
    columns, rows = (np.arange(a, b).clip(0, most - 1) for a, b, most in zip(low, high, (width, height), strict=True))
    shown = np.ascontiguousarray(pixels[np.ix_(rows, columns)])
    area = shown.shape[0] > size and shown.shape[1] > size
    resized = cv2.resize(shown, (size, size), interpolation=cv2.INTER_AREA if area else cv2.INTER_LINEAR)
    dark, bright = np.percentile(resized, [LOWER_PERCENTILE, UPPER_PERCENTILE])
    stretched = (resized - dark) / max(float(bright - dark), 1e-6)
    return np.asarray(np.round(stretched.clip(0, 1) * 255), dtype=np.uint8)
