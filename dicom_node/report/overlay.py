"""The heatmap over the radiograph."""

from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

STRONGEST_ALPHA: Final = 0.45
"""Opacity where the heatmap is strongest; where it says nothing the radiograph shows untouched."""
_STRONGEST_PERCENTILE: Final = 99.5
_COLOURS: Final[NDArray[np.uint8]] = cv2.applyColorMap(np.arange(256, dtype=np.uint8)[:, None], cv2.COLORMAP_INFERNO)[
    :, 0, ::-1
].astype(np.uint8)
"""(256, 3) RGB: perceptually uniform and safe for the colour-blind."""


def strength(heatmap_months: NDArray[np.float32]) -> NDArray[np.float32]:
    """(H, W) months to (H, W) in [0, 1]: 0 where a place speaks for no age, 1 at the 99.5th percentile."""
    positive = np.clip(np.nan_to_num(heatmap_months, nan=0.0), 0, None)
    strongest = float(np.percentile(positive, _STRONGEST_PERCENTILE)) or float(positive.max())
    if strongest <= 0:
        return np.zeros_like(positive, dtype=np.float32)
    return np.minimum(positive / strongest, 1).astype(np.float32)


def blend(grey: NDArray[np.float32], strengths: NDArray[np.float32]) -> NDArray[np.uint8]:
    """(H, W) grey and strengths, both in [0, 1], to (H, W, 3) uint8: the stronger, the more opaque."""
    colours = _COLOURS[np.round(strengths * 255).astype(np.uint8)].astype(np.float32)
    alpha = (STRONGEST_ALPHA * strengths)[..., None]
    mixed = colours * alpha + 255 * np.clip(grey, 0, 1)[..., None] * (1 - alpha)
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
    """(height, width, 3): strengths from 0 to 1 as they look over bone."""
    ramp = np.broadcast_to(np.linspace(0, 1, width, dtype=np.float32), (height, width))
    return blend(np.full((height, width), 0.55, dtype=np.float32), np.ascontiguousarray(ramp))
