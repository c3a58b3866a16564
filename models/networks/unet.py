"""U-Net (Ronneberger, Fischer and Brox 2015): a hand's mask, as PreciseBAA 3.1.2 finds it.

Two 3x3 convolutions at each level, halved by maximum pooling and doubled by a 2x2 transposed convolution, joined with
the maps of the same level. Other than in 2015 the convolutions are padded, so that the answer has the input's size, and
followed by batch normalisation; the paper's dropout at the bottom is a parameter. MONAI's UNet is a residual one, and
its BasicUNet widens the last level, so neither is used.
"""

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import nn


class UNet(nn.Module):
    """images (B, channels, S, S) float32 in [0, 1] -> logits (B, classes, S, S); above 0 is hand.

    widths: channels of each level, the finest first; S is a multiple of 2 to the number of levels less one. Each image
    is set to mean 0 and SD 1 first. dropout: of the maps at the bottom, in training.
    """

    def __init__(
        self, widths: Sequence[int] = (64, 128, 256, 512, 1024), dropout: float = 0.0, classes: int = 1,
        channels: int = 1,
    ) -> None:  # fmt: skip
        super().__init__()
        self.down = nn.ModuleList(double_convolution(inputs, width) for inputs, width in pairwise([channels, *widths]))
        self.dropout = nn.Dropout(dropout)
        levels = list(pairwise(reversed(widths)))
        self.up = nn.ModuleList(nn.ConvTranspose2d(below, width, 2, 2) for below, width in levels)
        self.join = nn.ModuleList(double_convolution(2 * width, width) for _, width in levels)
        self.answer = nn.Conv2d(widths[0], classes, 1)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        deviation = images.std((2, 3), keepdim=True).clamp_min(0.02)
        x, maps = (images - images.mean((2, 3), keepdim=True)) / deviation, []
        for level, double in enumerate(self.down):
            x = double(nn.functional.max_pool2d(x, 2) if level else x)
            maps.append(x)
        x = self.dropout(maps.pop())
        for up, join in zip(self.up, self.join, strict=True):
            x = join(torch.cat([maps.pop(), up(x)], 1))
        return self.answer(x)


def double_convolution(inputs: int, outputs: int) -> nn.Sequential:
    """Two padded 3x3 convolutions, each with batch normalisation and ReLU."""
    layers: list[nn.Module] = []
    for source in (inputs, outputs):
        layers += [nn.Conv2d(source, outputs, 3, padding=1, bias=False), nn.BatchNorm2d(outputs), nn.ReLU()]
    return nn.Sequential(*layers)
