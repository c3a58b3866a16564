"""The heatmap over the radiograph."""

from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

STRONGEST_ALPHA: Final = 0.45
"""Opacity where the heatmap is strongest; where it says nothing the radiograph shows untouched."""
_STRONGEST_PERCENTILE: Final = 99.5
_OLDER: Final = np.array([[150, 45, 0], [255, 195, 60]], dtype=np.float32)
_YOUNGER: Final = np.array([[0, 70, 165], [95, 215, 255]], dtype=np.float32)
"""RGB of weak and strong places: orange against blue, which the colour-blind tell apart (Okabe and Ito)."""


def strength(heatmap_months: NDArray[np.float32]) -> NDArray[np.float32]:
    """(H, W) months to (H, W) in [-1, 1]: 0 where a place says nothing, +-1 at the 99.5th percentile of the size.

    Positive places speak for an older hand than the reader's starting point, negative ones for a younger.
    """
    months = np.nan_to_num(heatmap_months, nan=0.0)
    size = np.abs(months)
    strongest = float(np.percentile(size, _STRONGEST_PERCENTILE)) or float(size.max())
    if strongest <= 0:
        return np.zeros_like(months, dtype=np.float32)
    return np.clip(months / strongest, -1, 1).astype(np.float32)


def blend(grey: NDArray[np.float32], strengths: NDArray[np.float32]) -> NDArray[np.uint8]:
    """(H, W) grey in [0, 1] and strengths in [-1, 1], to (H, W, 3) uint8: the stronger, the more opaque."""
    size = np.abs(strengths)[..., None]
    weak_to_strong = [ends[0] + size * (ends[1] - ends[0]) for ends in (_OLDER, _YOUNGER)]
    colours = np.where(strengths[..., None] > 0, *weak_to_strong)
    mixed = colours * STRONGEST_ALPHA * size + 255 * np.clip(grey, 0, 1)[..., None] * (1 - STRONGEST_ALPHA * size)
    return np.round(mixed).astype(np.uint8)


def fitted(image: NDArray[np.float32], width: int, height: int) -> NDArray[np.float32]:
    """(H, W) to (height, width): by area when it shrinks, linear when it grows."""
    shrinks = image.shape[0] > height
    resized = cv2.resize(
        np.ascontiguousarray(image, dtype=np.float32),
        (width, height),
        interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR,
    )
    return np.asarray(resized, dtype=np.float32)


def legend(width: int, height: int) -> NDArray[np.uint8]:
    """(height, width, 3): strengths from -1 to 1 as they look over bone."""
    ramp = np.broadcast_to(np.linspace(-1, 1, width, dtype=np.float32), (height, width))
    return blend(np.full((height, width), 0.55, dtype=np.float32), np.ascontiguousarray(ramp))
