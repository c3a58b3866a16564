"""The autoencoders of DIIBAA's first branch, one for each stage (2.1, Fig. 3).

Three 3x3 convolutions of 512, 256 and 128 channels, each followed by a pooling that halves the map; three of 128, 256
and 512, each followed by an enlargement that doubles it; a 1x1 convolution to one channel with a sigmoid. All others
end in a ReLU. The paper does not say which pooling and which enlargement: maximum and nearest neighbour.
"""

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import nn


class StageAutoencoder(nn.Module):
    """images (B, 1, S, S) float32 in [0, 1], S a multiple of 8 -> as many, reconstructed. widths: of the encoder."""

    def __init__(self, widths: Sequence[int] = (512, 256, 128)) -> None:
        super().__init__()
        down = [
            nn.Sequential(nn.Conv2d(inputs, outputs, 3, 1, 1), nn.ReLU(), nn.MaxPool2d(2))
            for inputs, outputs in pairwise([1, *widths])
        ]
        up = [
            nn.Sequential(nn.Conv2d(inputs, outputs, 3, 1, 1), nn.ReLU(), nn.Upsample(scale_factor=2))
            for inputs, outputs in pairwise([widths[-1], *reversed(widths)])
        ]
        self.encoder, self.decoder = nn.Sequential(*down), nn.Sequential(*up, nn.Conv2d(widths[0], 1, 1))

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return torch.sigmoid(self.decoder(self.encoder(images)).float())


class StageAutoencoders(nn.Module):
    """An autoencoder a stage; none shares a weight with another, so that no stage disturbs the others."""

    def __init__(self, stages: int = 3, widths: Sequence[int] = (512, 256, 128)) -> None:
        super().__init__()
        self.each = nn.ModuleList(StageAutoencoder(widths) for _ in range(stages))

    def forward(self, images: torch.Tensor, stage: int) -> torch.Tensor:
        """Reconstructions by one stage's autoencoder, (B, 1, S, S)."""
        reconstructed: torch.Tensor = self.each[stage](images)
        return reconstructed

    def every(self, images: torch.Tensor) -> torch.Tensor:
        """Reconstructions by all of them: (B, 1, S, S) -> (B, stages, S, S)."""
        return torch.cat([autoencoder(images) for autoencoder in self.each], 1)
