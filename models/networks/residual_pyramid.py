"""A small residual backbone with a feature pyramid (Lin et al. 2017): what the detectors look at."""

from collections.abc import Sequence

import torch
from torch import nn
from torchvision.ops import FeaturePyramidNetwork

from models.networks.whole_hand import ResidualBlock


class ResidualPyramid(nn.Module):
    """images (B, channels, S, S) float32 in [0, 1] -> maps "0", "1", ... of `pyramid` channels, finest first.

    widths, depths: channels and blocks of each stage; the first works at a quarter of S, each later one at half of the
    one before. finest: the first stage that has a map. Each image is set to mean 0 and SD 1 first.
    """

    def __init__(
        self, widths: Sequence[int], depths: Sequence[int], *, pyramid: int, finest: int, channels: int
    ) -> None:
        super().__init__()
        self.stem = nn.Sequential(
            nn.Conv2d(channels, widths[0], 5, 4, 2, bias=False), nn.BatchNorm2d(widths[0]), nn.ReLU()
        )
        self.stages = nn.ModuleList()
        for index, (inputs, width, depth) in enumerate(zip([widths[0], *widths], widths, depths, strict=False)):
            first = ResidualBlock(inputs, width, 2 if index else 1)
            self.stages.append(nn.Sequential(first, *(ResidualBlock(width, width, 1) for _ in range(depth - 1))))
        self.finest, self.out_channels = finest, pyramid  # torchvision's detectors ask for the latter
        self.top_down = FeaturePyramidNetwork(list(widths[finest:]), pyramid)

    def forward(self, images: torch.Tensor) -> dict[str, torch.Tensor]:
        deviation = images.std((2, 3), keepdim=True).clamp_min(0.02)
        x, maps = self.stem((images - images.mean((2, 3), keepdim=True)) / deviation), {}
        for index, stage in enumerate(self.stages):
            x = stage(x)
            if index >= self.finest:
                maps[str(index - self.finest)] = x
        return dict(self.top_down(maps))
