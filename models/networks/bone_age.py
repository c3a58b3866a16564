"""A small residual network that reads bone age from the crop of one bone: one trunk for all bones.

Residual blocks after He et al. 2016. Which bone it is and the sex shift the channels that enter the last stage, and
each bone has for each sex a linear head of its own: thirteen readers that share what an edge and a growth plate are.
"""

from collections.abc import Sequence

import torch
from torch import nn

from models.detection.anatomy import RUS_BONES
from models.networks.whole_hand import MEAN_MONTHS, SCALE_MONTHS, ResidualBlock


class BoneAgeNet(nn.Module):
    """crops (B, 1, S, S) float32 in [0, 1], bone (B,) int64 place in RUS_BONES, male (B,) bool -> (B,) months.

    widths: channels of each stage; every stage after the first halves the map, after a stem that quarters it. Each crop
    is set to mean 0 and SD 1 first. dropout: of pooled features, in training.
    """

    def __init__(self, widths: Sequence[int] = (32, 64, 128), dropout: float = 0.2) -> None:
        super().__init__()
        half = widths[0] // 2
        self.stem = nn.Sequential(
            nn.Conv2d(1, half, 3, 2, 1, bias=False), nn.BatchNorm2d(half), nn.ReLU(),
            nn.Conv2d(half, widths[0], 3, 2, 1, bias=False), nn.BatchNorm2d(widths[0]), nn.ReLU(),
        )  # fmt: skip
        inputs = [widths[0], *widths[:-1]]
        blocks = [ResidualBlock(i, o, 2 if n else 1) for n, (i, o) in enumerate(zip(inputs, widths, strict=True))]
        self.body, self.last = nn.Sequential(*blocks[:-1]), blocks[-1]
        self.shift = nn.Embedding(2 * len(RUS_BONES), inputs[-1])
        nn.init.zeros_(self.shift.weight)
        self.dropout = nn.Dropout(dropout)
        self.weight = nn.Embedding(2 * len(RUS_BONES), 2 * widths[-1])
        nn.init.normal_(self.weight.weight, std=0.5 * (2 * widths[-1]) ** -0.5)
        self.offset = nn.Embedding(2 * len(RUS_BONES), 1)
        nn.init.zeros_(self.offset.weight)

    def forward(self, crops: torch.Tensor, bone: torch.Tensor, male: torch.Tensor) -> torch.Tensor:
        deviation = crops.std((2, 3), keepdim=True).clamp_min(0.02)
        maps = self.body(self.stem((crops - crops.mean((2, 3), keepdim=True)) / deviation))
        reader = 2 * bone + male.long()
        maps = self.last(maps + self.shift(reader).to(maps.dtype)[:, :, None, None]).float()
        pooled = self.dropout(torch.cat([maps.mean((2, 3)), maps.amax((2, 3))], 1))
        said = (pooled * self.weight(reader)).sum(1) + self.offset(reader)[:, 0]
        return said * SCALE_MONTHS + MEAN_MONTHS
