"""Hands whose marks are known, and a detector whose answer is: for tests of detection."""

import math
from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import torch
from torch import nn

from models.card import Task
from models.data.annotations import KEY_POINTS, Box, HandKeyPoints, KeyPoint
from models.detection.hand_shape import KINDS, HandBone
from models.detection.marked import MarkedRadiographs
from models.networks.faster_rcnn import Target
from models.registry import LoadedModel
from tests.support.radiographs import bright_with_age
from tests.support.readers import CARD


def upright_hand(id: int = 1) -> HandKeyPoints:
    """Five straight fingers spread over a hand in the middle of the frame, its wrist below."""
    points = {"wrist": KeyPoint(0.5, 0.7, 2)}
    for n, name in enumerate(KEY_POINTS[1:]):
        angle, reach = math.radians(-40 + 20 * (n // 4)), 0.12 + 0.1 * (n % 4)
        points[name] = KeyPoint(0.5 + reach * math.sin(angle), 0.7 - reach * math.cos(angle), 2)
    return HandKeyPoints(id, Box(0.5, 0.54, 0.6, 0.6), points)


def marked_discs(count: int, *, fold: int = 0, seed: int = 0) -> MarkedRadiographs:
    """Frames with one bright disc each, marked by 16 points around it."""
    radiographs = bright_with_age(count, fold=fold, seed=seed)
    turn = np.linspace(0, 2 * np.pi, 16, endpoint=False)
    outlines = []
    for label in radiographs.labels:
        radius = 20 + label.bone_age_months / 2
        ring = 150.5 + radius * np.stack([np.cos(turn), np.sin(turn)], 1)
        outlines.append((ring[None] / 299).astype(np.float32))
    return MarkedRadiographs(radiographs, tuple(outlines), tuple(np.zeros(1, np.int64) for _ in outlines))


class Known(nn.Module):
    """Finds the same box, as fractions of the frame, in each image with a score; counts its batches."""

    def __init__(self, box: tuple[float, float, float, float], score: float) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(1))
        self.box, self.score, self.batches = torch.tensor([box]), torch.tensor([score]), 0

    def forward(self, images: torch.Tensor) -> list[Target]:
        self.batches += 1
        found = {"boxes": self.box * images.shape[-1], "labels": torch.ones(1, dtype=torch.int64)}
        return [{**found, "scores": self.score} for _ in images]


def known_detector(
    box: tuple[float, float, float, float], score: float, classes: tuple[str, ...] = ("hand",)
) -> LoadedModel:
    """A loaded model that finds this box."""
    card = replace(CARD, task=Task.DETECTION, interval=None, classes=classes)
    return LoadedModel(Known(box, score).eval(), card, "5" * 64)


class KnownBones(nn.Module):
    """Finds the same bones in each image."""

    def __init__(self, boxes: torch.Tensor, labels: torch.Tensor, score: float) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(1))
        self.boxes, self.labels, self.score = boxes, labels, score

    def forward(self, images: torch.Tensor) -> list[Target]:
        scores = torch.full((len(self.boxes),), self.score)
        return [{"boxes": self.boxes * images.shape[-1], "labels": self.labels, "scores": scores} for _ in images]


def bone_detector(boxes: Mapping[str, tuple[float, float, float, float]], score: float = 0.9) -> LoadedModel:
    """A loaded model that finds these bones, by name and as fractions of the frame, and tells their kinds only."""
    labels = torch.tensor([KINDS.index(HandBone(bone).kind) + 1 for bone in boxes])
    card = replace(CARD, task=Task.DETECTION, interval=None, classes=KINDS)
    corners = torch.tensor(list(boxes.values()), dtype=torch.float32)
    return LoadedModel(KnownBones(corners, labels, score).eval(), card, "6" * 64)
