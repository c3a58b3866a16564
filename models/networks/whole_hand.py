"""A plain residual network that reads bone age from the whole hand and the sex.

Residual blocks after He et al. 2016 (basic block; average pooling in the shortcut). The head is linear in the globally
pooled features, with one weight vector a sex, so that the regression activation map of RegressionCNN II.D, the last
feature maps weighted by d(age)/d(pooled feature), is exact: its mean plus an offset is the reading.
"""

from collections.abc import Sequence
from typing import cast

import torch
from torch import nn

from models.loaded import WholeHandOutput

MEAN_MONTHS, SCALE_MONTHS = 127.0, 41.0
"""Mean and SD of the training labels: the head works in these units, so that a fresh network starts near the mean."""


def _convolution(inputs: int, outputs: int, kernel: int, stride: int = 1) -> nn.Sequential:
    convolution = nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, bias=False)
    return nn.Sequential(convolution, nn.BatchNorm2d(outputs))


class ResidualBlock(nn.Module):
    """Two 3x3 convolutions beside a shortcut: (B, I, H, W) -> (B, O, H/stride, W/stride)."""

    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        self.first = _convolution(inputs, outputs, 3, stride)
        self.second = _convolution(outputs, outputs, 3)
        nn.init.zeros_(cast(nn.BatchNorm2d, self.second[1]).weight)
        pool = nn.AvgPool2d(2, ceil_mode=True) if stride == 2 else nn.Identity()
        same = stride == 1 and inputs == outputs
        self.shortcut = nn.Identity() if same else nn.Sequential(pool, _convolution(inputs, outputs, 1))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = self.second(torch.relu(self.first(x)))
        return torch.relu(y + self.shortcut(x))


class WholeHandNet(nn.Module):
    """images (B, channels, S, S) float32 in [0, 1], male (B,) float32 -> WholeHandOutput in months.

    widths, depths: channels and blocks of each stage; every stage after the first halves the map, after a stem that
    quarters it. Each image is set to mean 0 and SD 1 first. The sex also shifts the channels that enter the last
    stage. dropout: of pooled features, in training.
    """

    def __init__(self, widths: Sequence[int] = (32, 64, 160, 320), depths: Sequence[int] = (1, 2, 3, 2),
                 dropout: float = 0.0, channels: int = 1) -> None:  # fmt: skip
        super().__init__()
        stem = widths[0] // 2
        self.stem = nn.Sequential(
            _convolution(channels, stem, 3, 2), nn.ReLU(), _convolution(stem, widths[0], 3, 2), nn.ReLU()
        )
        stages, inputs = [], widths[0]
        for index, (width, depth) in enumerate(zip(widths, depths, strict=True)):
            strides = [2 if index else 1] + [1] * (depth - 1)
            blocks = [ResidualBlock(inputs if n == 0 else width, width, s) for n, s in enumerate(strides)]
            stages.append(nn.Sequential(*blocks))
            inputs = width
        self.body, self.last = nn.Sequential(*stages[:-1]), stages[-1]
        self.sex_shift = nn.Embedding(2, widths[-2])
        nn.init.zeros_(self.sex_shift.weight)
        self.dropout = nn.Dropout(dropout)
        self.weight = nn.Parameter(torch.randn(2, widths[-1]) * widths[-1] ** -0.5 * 0.5)
        self.offset = nn.Parameter(torch.zeros(2))

    @property
    def levels(self) -> list[nn.Module]:
        """Whose outputs are its maps, the finest first."""
        return [*self.body, self.last]

    def features(self, images: torch.Tensor, male: torch.Tensor) -> torch.Tensor:
        """The last feature maps, (B, C, h, w)."""
        deviation = images.std((2, 3), keepdim=True).clamp_min(0.02)
        maps = self.body(self.stem((images - images.mean((2, 3), keepdim=True)) / deviation))
        shift = self.sex_shift(male.long()).to(maps.dtype)
        return self.last(maps + shift[:, :, None, None])

    def forward(self, images: torch.Tensor, male: torch.Tensor) -> WholeHandOutput:
        maps = self.features(images, male).float()
        coefficients = self.weight[male.long()] * SCALE_MONTHS
        offset = self.offset[male.long()] * SCALE_MONTHS + MEAN_MONTHS
        pooled = self.dropout(maps.mean((2, 3)))
        activation = torch.einsum("bchw,bc->bhw", maps, coefficients)
        return WholeHandOutput((pooled * coefficients).sum(1) + offset, activation, offset)
