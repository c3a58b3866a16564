"""The perturbation of images of other stages (DIIBAA 2.1)."""

import torch

from models.diibaa.stages import Range

SNR_DB: Range = (6.989, 10.0)
"""Least and greatest, as published."""


def perturb(images: torch.Tensor, snr_db: Range, generator: torch.Generator) -> torch.Tensor:
    """Gaussian noise, each image at its own SNR = 10 log10(signal / noise): (B, 1, S, S) float32 in [0, 1].

    Signal and noise are mean squares; what leaves [0, 1] is clipped, since a sigmoid is to reach it.
    """
    low, high = snr_db
    snr = low + (high - low) * torch.rand(len(images), 1, 1, 1, generator=generator)
    signal = images.cpu().square().mean((1, 2, 3), keepdim=True)
    noise = torch.randn(images.shape, generator=generator) * (signal / 10 ** (snr / 10)).sqrt()
    return (images + noise.to(images.device)).clamp(0, 1)
