"""The residual U-Net that improves poor radiographs (BoNet+ 3.3.1, Fig. 8 and 9).

A U-Net (Ronneberger et al. 2015) with two 3x3 convolutions at each of six levels, whose answer is added to the image:
23 convolutions, 5 poolings, 5 up-convolutions and 5 concatenations. Channels double from 64 at each of five poolings,
which ends at 2,048. The text names no norm; batch normalisation is used, and the first answer is zero, so that a fresh
network leaves every image as it is.
"""

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import nn

from models.networks.unet import double_convolution


class ResidualUNet(nn.Module):
    """images (B, 1, S, S) float32 in [0, 1] -> (B, 1, S, S) float32, what has to be added for a better image.

    widths: channels of each level, the finest first; S is a multiple of 2 to the number of levels less one.
    """

    def __init__(self, widths: Sequence[int] = (64, 128, 256, 512, 1024, 2048)) -> None:
        super().__init__()
        self.down = nn.ModuleList(double_convolution(inputs, width) for inputs, width in pairwise([1, *widths]))
        self.pool = nn.ModuleList(nn.MaxPool2d(2) for _ in widths[1:])
        levels = list(pairwise(reversed(widths)))
        self.up = nn.ModuleList(nn.ConvTranspose2d(below, width, 2, 2) for below, width in levels)
        self.join = nn.ModuleList(double_convolution(2 * width, width) for _, width in levels)
        self.answer = nn.Conv2d(widths[0], 1, 1)
        nn.init.zeros_(self.answer.weight)
        nn.init.zeros_(self.answer.bias)  # type: ignore[arg-type]

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        x, maps = self.down[0](images - 0.5), []
        for pool, level in zip(self.pool, self.down[1:], strict=True):  # type: ignore[arg-type]
            maps.append(x)
            x = level(pool(x))
        for up, join in zip(self.up, self.join, strict=True):
            x = join(torch.cat([maps.pop(), up(x)], 1))
        residual: torch.Tensor = self.answer(x)
        return residual
