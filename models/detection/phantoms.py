"""Phantoms with the box of their hand: for tests of detectors without radiographs."""

import cv2
import numpy as np
from numpy.typing import NDArray

from models.data.labels import Split
from models.data.phantoms import phantoms_of
from models.data.radiographs import Radiographs
from models.detection.marked import MarkedRadiographs
from models.detection.outlines import Outline, stack_outlines
from models.phantom.drawing import Phantom
from models.preprocess import FRAME_PX, standard_frame

BEYOND_WRIST = 0.25
"""The box ends below the wrist by this share of the hand above it, about where the boxes of radiographs do."""


def draw_marked_phantoms(split: Split, count: int) -> MarkedRadiographs:
    """The phantoms of `models.data.phantoms`, each with the outline of its hand."""
    labels, frames, outlines = [], np.empty((count, FRAME_PX, FRAME_PX), np.uint8), []
    for n, (label, phantom) in enumerate(phantoms_of(split, count)):
        frames[n] = standard_frame(phantom.pixels)
        labels.append(label)
        outlines.append(stack_outlines([phantom_outline(phantom)]))
    found = tuple(np.zeros(1, np.int64) for _ in outlines)
    return MarkedRadiographs(Radiographs(tuple(labels), frames), tuple(outlines), found)


def phantom_outline(phantom: Phantom) -> Outline:
    """The convex hull of hand and wrist, without the forearm below: (P, 2) fractions of the frame."""
    height, width = phantom.hand_mask.shape
    wrist, top = phantom.points["wrist"][1], float(np.argmax(phantom.hand_mask.any(1)))
    mask: NDArray[np.bool_] = phantom.hand_mask.copy()
    mask[int(wrist + BEYOND_WRIST * (wrist - top)) :] = False
    points = np.argwhere(mask)[:, ::-1].astype(np.int32)
    hull = cv2.convexHull(points)[:, 0]
    return np.asarray((hull + 0.5) / [width, height], dtype=np.float32)
