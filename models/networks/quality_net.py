"""A VGG (Simonyan and Zisserman 2014) that tells what makes a radiograph poor (BoNet+ 3.3.1, Fig. 7).

3x3 convolutions in stages that maximum pooling halves, fully connected layers, and an answer of one value a class. The
figure's sizes are not in the text: the defaults are those of VGG's configuration D. Other than in 2014 each convolution
is followed by batch normalisation, without which a network this deep hardly starts from random weights.
"""

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import nn


class QualityNet(nn.Module):
    """images (B, 1, S, S) float32 in [0, 1], S >= 2 ** stages -> (B, classes) logits.

    widths, depths: channels and convolutions of each stage. cells: side of the map that the fully connected layers,
    hidden wide, are given. dropout: of these layers, in training. Each image is set to mean 0 and SD 1 first.
    """

    def __init__(self, classes: int = 4, widths: Sequence[int] = (64, 128, 256, 512, 512),
                 depths: Sequence[int] = (2, 2, 3, 3, 3), hidden: Sequence[int] = (4096, 4096), cells: int = 7,
                 dropout: float = 0.5) -> None:  # fmt: skip
        super().__init__()
        stages: list[nn.Module] = []
        for inputs, width, depth in zip([1, *widths], widths, depths, strict=False):
            for n in range(depth):
                stages += [nn.Conv2d(width if n else inputs, width, 3, 1, 1, bias=False), nn.BatchNorm2d(width)]
                stages.append(nn.ReLU())
            stages.append(nn.MaxPool2d(2))
        self.stages, self.pool = nn.Sequential(*stages), nn.AdaptiveAvgPool2d(cells)
        layers: list[nn.Module] = []
        for inputs, outputs in pairwise([widths[-1] * cells**2, *hidden]):
            layers += [nn.Linear(inputs, outputs), nn.ReLU(), nn.Dropout(dropout)]
        self.answer = nn.Sequential(*layers, nn.Linear(hidden[-1], classes))

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        deviation = images.std((2, 3), keepdim=True).clamp_min(0.02)
        maps = self.stages((images - images.mean((2, 3), keepdim=True)) / deviation)
        logits: torch.Tensor = self.answer(self.pool(maps).flatten(1))
        return logits
