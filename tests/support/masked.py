"""Hands whose masks are known, and segmenters whose answer is: for tests of segmentation."""

from dataclasses import replace

import numpy as np
import torch
from torch import nn

from models.card import Task
from models.data.annotations import Box, HandKeyPoints, KeyPoint
from models.phantom.drawing import Phantom
from models.registry import LoadedModel
from models.segmentation.axis import FINGERS
from models.segmentation.true_masks import TrueHand
from tests.support.readers import CARD


def key_points_of(phantom: Phantom) -> HandKeyPoints:
    """The points a person would mark: each finger straight from its knuckle to its tip, and a box around the hand."""
    height, width = phantom.hand_mask.shape
    wrist, size = np.array(phantom.points["wrist"]), np.array([width, height])
    points = {"wrist": wrist}
    for finger, name in enumerate(FINGERS, start=1):
        tip = np.array(phantom.points[f"tip-{finger}"])
        first = np.array(phantom.points["metacarpal-1"]) if finger == 1 else wrist + 0.5 * (tip - wrist)
        for joint, reach in enumerate((0, 0.4, 0.7, 0.97), start=1):
            points[f"{name}{joint}"] = first + reach * (tip - first)
    above = phantom.hand_mask.copy()
    above[int(wrist[1] + 0.1 * height) :] = False
    rows, columns = np.flatnonzero(above.any(1)), np.flatnonzero(above.any(0))
    low, high = np.array([columns[0], rows[0]]) / size, np.array([columns[-1] + 1, rows[-1] + 1]) / size
    middle, extent = (low + high) / 2, high - low
    marked = {name: KeyPoint(*(float(value) for value in place / size), 2) for name, place in points.items()}
    return HandKeyPoints(1, Box(*(float(value) for value in (*middle, *extent))), marked)


def true_hand(phantom: Phantom) -> TrueHand:
    """The phantom cut out of its background, as people cut out hands."""
    pixels = np.where(phantom.hand_mask, phantom.pixels, 0).astype(np.float32)
    return TrueHand(1, pixels, phantom.hand_mask)


class Bright(nn.Module):
    """Takes for hand what is brighter than a level of the image's own range."""

    def __init__(self, level: float = 0.5) -> None:
        super().__init__()
        self.level = level

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return (images - self.level) * 100


def bright_segmenter(level: float = 0.5) -> LoadedModel:
    """A loaded segmenter with a known answer."""
    card = replace(CARD, task=Task.SEGMENTATION, interval=None, classes=("hand",), input_size=96)
    return LoadedModel(Bright(level).eval(), card, "7" * 64)
