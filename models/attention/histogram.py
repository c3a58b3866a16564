"""Histogram matching: every frame takes the distribution of grey levels of one reference (RegressionCNN II.B)."""

import numpy as np
from numpy.typing import NDArray

GREYS = 256


def quantile_levels(frames: NDArray[np.uint8], count: int = 33) -> NDArray[np.float64]:
    """The reference of a set: the grey level below which 0, 1/(count-1), ..., 1 of all pixels lie, (count,) ascending.

    frames: (N, H, W) or (H, W) uint8. For a site's own reference: of its training frames.
    """
    share = _cumulative(frames)
    return np.interp(np.linspace(0, 1, count), np.r_[0.0, share], np.r_[0.0, np.arange(GREYS)])


def match_histogram(frame: NDArray[np.uint8], levels: NDArray[np.float64]) -> NDArray[np.uint8]:
    """The frame with each grey level moved to where the reference has the same share of pixels at or below it.

    frame: (H, W) uint8; levels: (K,) as `quantile_levels` gives. Grey levels keep their order.
    """
    moved = np.interp(_cumulative(frame), np.linspace(0, 1, len(levels)), levels)
    return np.asarray(np.round(moved).astype(np.uint8)[frame])


def _cumulative(frames: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Share of pixels at or below each of the 256 levels, (256,)."""
    counts = np.bincount(frames.reshape(-1), minlength=GREYS)
    return np.asarray(np.cumsum(counts) / counts.sum())


REFERENCE_LEVELS = np.array(
    [0, 3, 5, 8, 10, 12, 13, 15, 16, 18, 20, 21, 23, 26, 29, 32, 37, 43, 50, 58, 67, 76, 85, 94, 105, 116, 130, 144,
     157, 172, 190, 213, 255], dtype=np.float64,
)  # fmt: skip
"""`quantile_levels` of 202 standard frames of folds 0-7 (every 50th label), RSNA 2017: a distribution, no image."""
