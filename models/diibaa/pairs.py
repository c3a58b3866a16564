"""What an autoencoder learns from: images of its stage as they are, and a few of others that it is to spoil (2.1).

A pair is what it is given and what it is to make of it. Of an image of another stage that is the image with Gaussian
noise, so that it does not learn to reconstruct what it does not know.
"""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from models.diibaa.stages import STAGES, Range

SNR_DB: Range = (6.989, 10.0)
"""Least and greatest, as published."""
OTHERS_SHARE = 0.05
"""Images of the other stages, for each of a stage's own: 5 % of this stage's count."""


@dataclass(frozen=True)
class Pairs:
    """images (N,): places of images; autoencoders (N,): of whose stage; perturbed (N,) bool: of another stage."""

    images: NDArray[np.int64]
    autoencoders: NDArray[np.int64]
    perturbed: NDArray[np.bool_]


def pairs_of(stages: NDArray[np.int64], others_share: float, seed: int) -> Pairs:
    """Every image for its own autoencoder, and for each so many of the other stages, drawn without regard to which."""
    rng = np.random.default_rng(seed)
    images, autoencoders = [], []
    for place in range(len(STAGES)):
        own, others = np.flatnonzero(stages == place), np.flatnonzero(stages != place)
        count = min(len(others), int(np.ceil(others_share * len(own))))
        images.append(np.concatenate([own, rng.choice(others, count, replace=False)]))
        autoencoders.append(np.full(len(images[-1]), place))
    every, whose = np.concatenate(images), np.concatenate(autoencoders)
    return Pairs(every, whose, stages[every] != whose)


def perturb(images: torch.Tensor, snr_db: Range, generator: torch.Generator) -> torch.Tensor:
    """Gaussian noise, each image at its own SNR = 10 log10(signal / noise): (B, 1, S, S) float32 in [0, 1].

    Signal and noise are mean squares; what leaves [0, 1] is clipped, since a sigmoid is to reach it.
    """
    low, high = snr_db
    snr = low + (high - low) * torch.rand(len(images), 1, 1, 1, generator=generator)
    signal = images.cpu().square().mean((1, 2, 3), keepdim=True)
    noise = torch.randn(images.shape, generator=generator) * (signal / 10 ** (snr / 10)).sqrt()
    return (images + noise.to(images.device)).clamp(0, 1)
