"""What training minimises, chosen by the recipe."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

import torch

Loss = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]


class LossKind(StrEnum):
    """The losses of RegressionCNN's configurations, S1 and S2, S3, S4 and S5, and of BoNet+."""

    ABSOLUTE = "absolute"
    """Also BoNet+ eq. 6."""
    SQUARED = "squared"
    """BoNet+ eq. 5."""
    ATTENTION = "attention"
    DYNAMIC_ATTENTION = "dynamic_attention"


@dataclass(frozen=True)
class LossSettings:
    """kind, and for attention its k: fixed, or the highest of the dynamic schedule.

    The paper gives no value of k. until: the share of the training at which the dynamic k has come down to 1.
    """

    kind: LossKind = LossKind.ABSOLUTE
    k: float = 2.0
    until: float = 1.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "kind", LossKind(self.kind))
        if self.k < 1 or not 0 < self.until <= 1:
            raise ValueError("of a loss, k is at least 1 and until lies in (0, 1]")

    def at(self, progress: float) -> Loss:
        """The loss to minimise after a share of the training. progress: 0 to 1."""
        if self.kind is LossKind.ABSOLUTE:
            return absolute_error
        if self.kind is LossKind.SQUARED:
            return squared_error
        k = self.k if self.kind is LossKind.ATTENTION else dynamic_k(progress, highest=self.k, until=self.until)
        return lambda predicted, target: attention_loss(predicted, target, k)


def absolute_error(predicted: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    """Mean absolute error in months. predicted, target: (B,) float32."""
    return (predicted - target).abs().mean()


def squared_error(predicted: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    """Mean squared error in months squared (BoNet+ eq. 5). predicted, target: (B,) float32."""
    return (predicted - target).square().mean()


def attention_loss(predicted: torch.Tensor, target: torch.Tensor, k: float) -> torch.Tensor:
    """Mean of alpha**k * target with alpha = |predicted / target - 1| (RegressionCNN eq. 2).

    predicted, target: (B,) float32 months, target > 0.  k: >= 1, high early and 1 at the end, where it is the mean
    absolute error (eq. 1).
    """
    alpha = (predicted / target - 1).abs()
    return (alpha**k * target).mean()


def dynamic_k(progress: float, *, highest: float, until: float = 1.0) -> float:
    """k of the dynamic attention loss (RegressionCNN II.C): linear from highest to 1 at `until`, then 1.

    progress: 0 to 1. The paper says "start with a high k and gradually reduce it to 1", and no more.
    """
    return 1 + (highest - 1) * max(0.0, 1 - progress / until)
