"""The hand by brightness alone, to compare with: what PreciseBAA calls the threshold method without saying which.

Each works on a standard frame, (299, 299) uint8.
"""

from collections.abc import Callable, Mapping

import cv2
import numpy as np
from numpy.typing import NDArray

from models.segmentation.masks import Mask, clean

Frame = NDArray[np.uint8]
_NEIGHBOURHOOD_PX = 75
"""Side of the square whose mean is the local threshold: about a quarter of the frame."""


def otsu(frame: Frame) -> Mask:
    """Brighter than the one threshold that separates dark and bright best (Otsu 1979)."""
    _, mask = cv2.threshold(frame, 0, 1, cv2.THRESH_BINARY + cv2.THRESH_OTSU)
    return np.asarray(mask, dtype=np.bool_)


def local(frame: Frame) -> Mask:
    """Brighter than the mean around it."""
    mask = cv2.adaptiveThreshold(frame, 1, cv2.ADAPTIVE_THRESH_MEAN_C, cv2.THRESH_BINARY, _NEIGHBOURHOOD_PX, 0)
    return np.asarray(mask, dtype=np.bool_)


THRESHOLDS: Mapping[str, Callable[[Frame], Mask]] = {
    "Otsu": otsu,
    "Otsu, largest component, holes filled": lambda frame: clean(otsu(frame)),
    "local mean, largest component, holes filled": lambda frame: clean(local(frame)),
}
"""By the name that tables print; the post-processing is the paper's."""
