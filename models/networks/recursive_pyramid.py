"""The recursive feature pyramid of PreciseBAA 3.2 (after Qiao, Chen and Yuille 2021): the backbone looks twice.

What the pyramid says of each level goes back through atrous spatial pyramid pooling (ASPP, Chen et al. 2018) into the
stage of that level, and the backbone looks again; a gate joins the two answers. Stages and pyramid are the same
weights in every look.
"""

from collections.abc import Sequence
from typing import cast

import torch
from torch import nn
from torchvision.ops import FeaturePyramidNetwork

from models.networks.switchable import SwitchableConvolution
from models.networks.whole_hand import ResidualBlock

ASPP_BRANCHES = ((1, 1), (3, 3), (3, 6))
"""Kernel and atrous rate of each; the fourth branch is the mean over the map."""


class SwitchableBlock(nn.Module):
    """The residual block of `models.networks.whole_hand` with switchable convolutions."""

    def __init__(self, inputs: int, outputs: int, stride: int, rate: int) -> None:
        super().__init__()
        self.first = nn.Sequential(SwitchableConvolution(inputs, outputs, stride, rate), nn.BatchNorm2d(outputs))
        last = nn.BatchNorm2d(outputs)
        nn.init.zeros_(last.weight)
        self.second = nn.Sequential(SwitchableConvolution(outputs, outputs, 1, rate), last)
        pool = nn.AvgPool2d(2, ceil_mode=True) if stride == 2 else nn.Identity()
        same = stride == 1 and inputs == outputs
        through = nn.Sequential(pool, nn.Conv2d(inputs, outputs, 1, bias=False), nn.BatchNorm2d(outputs))
        self.shortcut = nn.Identity() if same else through

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = self.second(torch.relu(self.first(x)))
        return torch.relu(y + self.shortcut(x))


class AtrousPooling(nn.Module):
    """ASPP: (B, C, H, W) -> (B, C, H, W), a quarter of the channels from each branch. C is a multiple of 4."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.branches = nn.ModuleList(
            nn.Conv2d(width, width // 4, kernel, padding=rate * (kernel // 2), dilation=rate)
            for kernel, rate in ASPP_BRANCHES
        )
        self.whole = nn.Conv2d(width, width // 4, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        parts = [branch(x) for branch in self.branches]
        whole = self.whole(x.mean((2, 3), keepdim=True)).expand_as(parts[0])
        return torch.relu(torch.cat([*parts, whole], 1))


class RecursivePyramid(nn.Module):
    """images (B, channels, S, S) float32 in [0, 1] -> maps "0", "1", ... of `pyramid` channels, finest first.

    widths, depths: channels and blocks of each stage, the first at a quarter of S, each later one at half of the one
    before. finest: the first stage that has a map; it and the later ones are switchable and look `looks` times, the
    stages before it once. rate: the wider atrous rate. Each image is set to mean 0 and SD 1 first.
    """

    def __init__(
        self, widths: Sequence[int], depths: Sequence[int], *, pyramid: int, finest: int, looks: int, rate: int,
        channels: int,
    ) -> None:  # fmt: skip
        super().__init__()
        self.looks = looks
        self.stem = nn.Sequential(
            nn.Conv2d(channels, widths[0], 5, 4, 2, bias=False), nn.BatchNorm2d(widths[0]), nn.ReLU()
        )
        inputs = [widths[0], *widths[:-1]]
        stages = [
            _stage(source, width, depth, stride=2 if index else 1, rate=rate if index >= finest else None)
            for index, (source, width, depth) in enumerate(zip(inputs, widths, depths, strict=True))
        ]
        self.once, self.stages = nn.Sequential(*stages[:finest]), nn.ModuleList(stages[finest:])
        self.top_down = FeaturePyramidNetwork(list(widths[finest:]), pyramid)
        self.pooling = AtrousPooling(pyramid)
        self.feedback = nn.ModuleList(_silent(pyramid, width) for width in widths[finest:])
        self.gate = nn.Conv2d(pyramid, 1, 1)

    def forward(self, images: torch.Tensor) -> dict[str, torch.Tensor]:
        deviation = images.std((2, 3), keepdim=True).clamp_min(0.02)
        x = self.once(self.stem((images - images.mean((2, 3), keepdim=True)) / deviation))
        maps = self._look(x, None)
        for _ in range(1, self.looks):
            maps = self._joined(self._look(x, maps), maps)
        return maps

    def _look(self, x: torch.Tensor, before: dict[str, torch.Tensor] | None) -> dict[str, torch.Tensor]:
        """One pass through stages and pyramid, with what was said before fed back behind each stage's first block."""
        maps = {}
        for index, (stage, feedback) in enumerate(zip(self.stages, self.feedback, strict=True)):
            first, *others = cast(nn.Sequential, stage)
            x = first(x)
            if before is not None:
                x = torch.relu(x + feedback(self.pooling(before[str(index)])))
            for block in others:
                x = block(x)
            maps[str(index)] = x
        return dict(self.top_down(maps))

    def _joined(self, new: dict[str, torch.Tensor], old: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
        """The fusion: a gate that the new map opens, place by place."""
        gates = {level: torch.sigmoid(self.gate(each)) for level, each in new.items()}
        return {level: gate * new[level] + (1 - gate) * old[level] for level, gate in gates.items()}


def _silent(inputs: int, outputs: int) -> nn.Conv2d:
    """A 1x1 convolution that says nothing at the start."""
    layer = nn.Conv2d(inputs, outputs, 1)
    for parameter in layer.parameters():
        nn.init.zeros_(parameter)
    return layer


def _stage(inputs: int, width: int, depth: int, *, stride: int, rate: int | None) -> nn.Sequential:
    """rate: None for plain convolutions."""
    steps = [(inputs, stride), *[(width, 1)] * (depth - 1)]
    if rate is None:
        return nn.Sequential(*(ResidualBlock(source, width, each) for source, each in steps))
    return nn.Sequential(*(SwitchableBlock(source, width, each, rate) for source, each in steps))
