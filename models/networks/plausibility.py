"""A small residual network that tells whether a picture is one whole hand.

Residual blocks after He et al. 2016. Features are pooled by mean and by maximum: what is there in one place, as a
wrist, counts as much as what is there everywhere.
"""

from collections.abc import Sequence

import torch
from torch import nn

from models.networks.whole_hand import ResidualBlock


class PlausibilityNet(nn.Module):
    """images (B, 1, S, S) float32 in [0, 1] -> (B, classes) logits.

    widths: channels of each stage; every stage after the first halves the map, after a stem that quarters it. Each
    image is set to mean 0 and SD 1 first. dropout: of pooled features, in training.
    """

    def __init__(self, classes: int, widths: Sequence[int] = (12, 24, 48, 80), dropout: float = 0.2) -> None:
        super().__init__()
        self.stem = nn.Sequential(
            nn.Conv2d(1, widths[0], 5, 2, 2, bias=False), nn.BatchNorm2d(widths[0]), nn.ReLU(), nn.MaxPool2d(2)
        )
        inputs = [widths[0], *widths[:-1]]
        blocks = [ResidualBlock(i, o, 2 if n else 1) for n, (i, o) in enumerate(zip(inputs, widths, strict=True))]
        self.body = nn.Sequential(*blocks)
        self.dropout = nn.Dropout(dropout)
        self.answer = nn.Linear(2 * widths[-1], classes)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        deviation = images.std((2, 3), keepdim=True).clamp_min(0.02)
        maps = self.body(self.stem((images - images.mean((2, 3), keepdim=True)) / deviation))
        pooled = torch.cat([maps.mean((2, 3)), maps.amax((2, 3))], 1)
        logits: torch.Tensor = self.answer(self.dropout(pooled))
        return logits
