"""Classifiers of quality and networks that improve images, whose answer is known, as loaded models."""

from dataclasses import replace

import torch
from torch import nn

from models.card import Task
from models.quality.classes import CLASSES
from models.registry import LoadedModel
from tests.support.readers import CARD


class Sure(nn.Module):
    """Finds this class with this probability in every image, and else that it is good, or noise."""

    def __init__(self, name: str, probability: float) -> None:
        super().__init__()
        probabilities = torch.full((len(CLASSES),), 1e-9)
        probabilities[0 if name != CLASSES[0] else 1] = 1 - probability
        probabilities[CLASSES.index(name)] = probability
        self.logits = nn.Parameter(probabilities.log())

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return self.logits.expand(len(images), -1)


class Brighter(nn.Module):
    """Adds the same everywhere but at the left."""

    def __init__(self, added: float) -> None:
        super().__init__()
        self.added = nn.Parameter(torch.tensor(added))

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        right = torch.linspace(0, 1, images.shape[3]) > 0.25
        return (self.added * right).expand_as(images)


def sure_classifier(name: str, probability: float = 0.9, *, threshold: float | None = 0.5) -> LoadedModel:
    """A loaded classifier that answers so."""
    card = replace(
        CARD, name="sure", task=Task.QUALITY, interval=None, classes=CLASSES, threshold=threshold, input_size=64
    )
    return LoadedModel(Sure(name, probability).eval(), card, "7" * 64)


def brightener(name: str = "brighter", added: float = 0.2) -> LoadedModel:
    """A loaded network that improves so."""
    card = replace(CARD, name=name, task=Task.RESTORATION, interval=None, input_size=64)
    return LoadedModel(Brighter(added).eval(), card, "8" * 64)
