"""What a loaded whole-hand reader promises to those who use it."""

from dataclasses import dataclass
from typing import Protocol

import torch


@dataclass(frozen=True)
class WholeHandOutput:
    """age_months: (B,) float32. activation_months: (B, h, w) float32, the regression activation map: its mean over
    the map plus offset_months (B,) is age_months exactly (RegressionCNN II.D with a linear head)."""

    age_months: torch.Tensor
    activation_months: torch.Tensor
    offset_months: torch.Tensor


@dataclass(frozen=True)
class StagedOutput(WholeHandOutput):
    """Of a reader by stages. stage: (B,) int64, the one whose regressor read. scores, probabilities: (B, stages), 0 to
    1, what the scoring network and the classifier gave each (DIIBAA Algorithm 1)."""

    stage: torch.Tensor
    scores: torch.Tensor
    probabilities: torch.Tensor


class WholeHandNetwork(Protocol):
    """images: (B, 1, S, S) float32 in [0, 1] from `models.preprocess`; male: (B,) float32, 1 male, 0 female."""

    def __call__(self, images: torch.Tensor, male: torch.Tensor) -> WholeHandOutput: ...
