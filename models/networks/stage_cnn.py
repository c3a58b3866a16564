"""The DenseNet of DIIBAA that scores reconstructions, tells stages, or reads a stage's age (2.1 to 2.3).

The features of a DenseNet169 are pooled by their mean, as Huang et al. 2017 have it, and answered linearly, so that the
share of each cell in an answer is exact (RegressionCNN II.D). With the sex as an input each sex has its own answer
layer; the paper trains a network a sex instead.
"""

from dataclasses import dataclass
from typing import cast

import torch
from torch import nn

from models.networks.backbones import build_backbone


@dataclass(frozen=True)
class StageAnswers:
    """values: (B, outputs) float32. shares: (B, outputs, h, w), whose mean plus offsets (B, outputs) is values."""

    values: torch.Tensor
    shares: torch.Tensor
    offsets: torch.Tensor


class StageCNN(nn.Module):
    """images (B, 1, S, S) float32 in [0, 1], S >= 32, male (B,) float32 -> (B, outputs) float32.

    outputs: 1 score or age, or a logit a stage. backbone, width: of `backbones.build_backbone`. sex: whether the sex is
    an input; else `male` is not looked at. Each image is set to mean 0 and SD 1 first.
    """

    def __init__(self, outputs: int, backbone: str = "densenet169", width: float = 1.0, sex: bool = False) -> None:
        super().__init__()
        self.backbone, features = build_backbone(backbone, 1, width)
        self.sex = sex
        self.weight = nn.Parameter(torch.randn(1 + sex, outputs, features) * features**-0.5 * 0.5)
        self.offset = nn.Parameter(torch.zeros(1 + sex, outputs))
        for module in self.backbone.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, nonlinearity="relu")

    def forward(self, images: torch.Tensor, male: torch.Tensor) -> torch.Tensor:
        return self.answers(images, male).values

    def answers(self, images: torch.Tensor, male: torch.Tensor) -> StageAnswers:
        """The answers, and where in the image they come from."""
        deviation = images.std((2, 3), keepdim=True).clamp_min(0.02)
        maps = self.backbone((images - images.mean((2, 3), keepdim=True)) / deviation).float()
        which = male.long() if self.sex else torch.zeros_like(male, dtype=torch.long)
        weight, offset = self.weight[which], self.offset[which]
        values = torch.einsum("bc,boc->bo", maps.mean((2, 3)), weight) + offset
        return StageAnswers(values, torch.einsum("bchw,boc->bohw", maps, weight), offset)


class StageRegressors(nn.Module):
    """A regressor a stage (2.3): each answers the normalised bone age of its stage (eq. 5)."""

    def __init__(self, stages: int = 3, backbone: str = "densenet169", width: float = 1.0, sex: bool = False) -> None:
        super().__init__()
        self.each = nn.ModuleList(StageCNN(1, backbone, width, sex) for _ in range(stages))

    def forward(self, images: torch.Tensor, male: torch.Tensor, stage: int) -> torch.Tensor:
        """Normalised ages by one stage's regressor, (B,)."""
        answered: torch.Tensor = self.each[stage](images, male)
        return answered[:, 0]

    def every(self, images: torch.Tensor, male: torch.Tensor) -> list[StageAnswers]:
        """What each of them answers."""
        return [cast(StageCNN, each).answers(images, male) for each in self.each]
