"""The network that grades thirteen bones of one hand together (PreciseBAA 3.3, Figs. 4 and 5).

One backbone sees every bone's crop; scaled dot-product self-attention (Vaswani et al. 2017) over the thirteen feature
vectors lets a bone's level draw on those of the others, which go with it (Table 1); each bone has a head of its own.

Where the paper leaves it open: the features are the pooled ones, queries, keys and values are linear maps of them, what
attention gives is added to the bone's own features, and a learnt vector of each bone is added to what the shared
backbone gives, so that it is told which bone that is of.
"""

import math
from collections.abc import Sequence

import torch
from torch import nn

from models.networks.backbones import build_backbone

NEVER = -1e4
"""The answer for a level beyond a bone's last: its probability is 0 in float32 and half precision alike."""


class BoneAttention(nn.Module):
    """Scaled dot-product self-attention over the bones of a hand: (B, N, C) -> (B, N, C), what it gives added on."""

    def __init__(self, features: int, width: int) -> None:
        super().__init__()
        self.queries, self.keys = nn.Linear(features, width), nn.Linear(features, width)
        self.values = nn.Linear(features, features)
        self.scale = 1 / math.sqrt(width)

    def weights(self, features: torch.Tensor) -> torch.Tensor:
        """(B, N, C) -> (B, N, N): how much each bone, in a row, looks at each other; rows add up to 1."""
        return (self.queries(features) @ self.keys(features).transpose(1, 2) * self.scale).softmax(2)

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        return features + self.weights(features) @ self.values(features)


class LevelsNet(nn.Module):
    """(B, N, 1, S, S) float32 in [0, 1], a crop of each bone -> (B, N, L) answers whose softmax is over levels.

    counts: levels of each of the N bones; answers beyond a bone's last level are NEVER, L is the most levels of any.
    backbone, width: as `models.networks.backbones.build_backbone`. attention: width of queries and keys; 0 grades each
    bone by itself. Raises ValueError as `build_backbone` does.
    """

    def __init__(
        self, counts: Sequence[int], backbone: str = "densenet121", width: float = 1.0, attention: int = 64,
        dropout: float = 0.0,
    ) -> None:  # fmt: skip
        super().__init__()
        self.counts = tuple(counts)
        self.features, channels = build_backbone(backbone, 1, width)
        self.bone = nn.Parameter(0.02 * torch.randn(len(counts), channels))
        self.attention = BoneAttention(channels, attention) if attention else nn.Identity()
        self.dropout = nn.Dropout(dropout)
        self.heads = nn.ModuleList(nn.Linear(channels, count) for count in counts)

    def forward(self, crops: torch.Tensor) -> torch.Tensor:
        pooled = self.features(crops.flatten(0, 1)).mean((2, 3))
        hands = pooled.unflatten(0, crops.shape[:2]) + self.bone
        together = self.dropout(self.attention(hands))
        answers = [head(together[:, n]) for n, head in enumerate(self.heads)]
        most = max(self.counts)
        padded = [nn.functional.pad(each, (0, most - each.shape[1]), value=NEVER) for each in answers]
        return torch.stack(padded, 1)
