"""Judges whose answer is known, and pictures to be judged."""

from dataclasses import replace

import numpy as np
import torch
from torch import nn

from models.attention.coarse import Box
from models.card import Task
from models.plausibility.hands import Hand
from models.plausibility.verdict import CLASSES, Verdict
from models.registry import LoadedModel
from tests.support.readers import CARD


class Sure(nn.Module):
    """Finds a hand with this probability in every image, and else one other verdict."""

    def __init__(self, hand: float, other: Verdict) -> None:
        super().__init__()
        probabilities = torch.full((len(CLASSES),), 1e-9)
        probabilities[CLASSES.index(Verdict.HAND)] = hand
        probabilities[CLASSES.index(other)] = 1 - hand
        self.logits = nn.Parameter(probabilities.log())

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return self.logits.expand(len(images), -1)


def sure_judge(hand: float, other: Verdict = Verdict.NOT_A_HAND, *, threshold: float | None = 0.5) -> LoadedModel:
    """A loaded model that answers so."""
    card = replace(
        CARD,
        task=Task.PLAUSIBILITY,
        interval=None,
        classes=tuple(map(str, CLASSES)),
        threshold=threshold,
        input_size=64,
    )
    return LoadedModel(Sure(hand, other).eval(), card, "6" * 64)


def rows_and_columns(height: int = 400, width: int = 300) -> tuple[Hand, Hand]:
    """A hand whose brightness tells the share of the height, and one whose brightness tells that of the width."""
    rows, columns = np.mgrid[:height, :width].astype(np.float32) / [[[height]], [[width]]]
    box = Box(0.2, 0.1, 0.8, 0.9)
    return Hand(rows.astype(np.float32), box), Hand(columns.astype(np.float32), box)
