"""Whole-hand networks whose answer is known, as loaded models."""

from dataclasses import replace

import torch
from torch import nn

from models.card import INTENDED_USE, Card, Interval
from models.loaded import WholeHandOutput
from models.registry import LoadedModel

CARD = Card(
    name="known",
    version="1.0.0",
    sha256="0" * 64,
    architecture="known",
    parameters={},
    input_size=96,
    interval=Interval(0.95, "none", (60.0,), (10.0, 20.0)),
    aspect_range=(0.5, 2.0),
    data="none",
    terms="none",
    intended_use=INTENDED_USE,
)


class AreaMeans(nn.Module):
    """The map is the mean brightness of evenly spaced cells, in months; boys are read 12 months older."""

    def __init__(self, cells: int = 12, months: float = 100.0) -> None:
        super().__init__()
        self.cells, self.months = cells, months
        self.batches: list[int] = []

    def forward(self, images: torch.Tensor, male: torch.Tensor) -> WholeHandOutput:
        self.batches.append(len(images))
        maps = nn.functional.adaptive_avg_pool2d(images, self.cells)[:, 0] * self.months
        offset = 12 * male
        return WholeHandOutput(maps.mean((1, 2)) + offset, maps, offset)


class OffCentre(nn.Module):
    """A map as strided, padded convolutions make it: cells look above and to the left of their share of the input."""

    def __init__(self) -> None:
        super().__init__()
        self.blur = nn.Conv2d(1, 1, 3, padding=1, bias=False)
        nn.init.constant_(self.blur.weight, 1 / 9)

    def forward(self, images: torch.Tensor, male: torch.Tensor) -> WholeHandOutput:
        maps = images
        for _ in range(3):
            maps = self.blur(maps)[:, :, ::2, ::2]
        maps = maps[:, 0] * 100
        return WholeHandOutput(maps.mean((1, 2)), maps, torch.zeros_like(male))


def loaded(network: nn.Module, **card: object) -> LoadedModel:
    """The network with a card; keywords replace the card's fields."""
    return LoadedModel(network.eval(), replace(CARD, **card), "0" * 64)  # type: ignore[arg-type]
