"""Augmentation of a whole batch: one affine resampling and a change of tone.

Frames are squashed squares of unknown aspect, clinical images are not: `log_aspect` stretches height against width.
"""

import math
from dataclasses import dataclass

import torch
from torch.nn import functional as F

from models.preprocess import shrink

SPARE = 1.15
"""Resolution kept for rotation and zoom beyond the network's input."""


@dataclass(frozen=True)
class Augmentation:
    """Largest changes; each image draws its own, uniformly. Zero everywhere leaves the image as it is."""

    rotation_deg: float = 20.0
    scale: float = 0.15
    """Log of the zoom."""
    log_aspect: float = 0.25
    """Log of height to width: 0.25 is a range of 0.78 to 1.28."""
    shift: float = 0.08
    """Share of the side."""
    flip: bool = True
    log_gamma: float = 0.5
    contrast: float = 0.2
    noise: float = 0.02
    """Largest SD of added noise."""
    erase: float = 0.0
    """Share of images in which one black or white rectangle, up to a quarter of the side, covers a place."""


def _uniform(count: int, reach: float, generator: torch.Generator) -> torch.Tensor:
    return (torch.rand(count, generator=generator) * 2 - 1) * reach


def affine_matrices(count: int, settings: Augmentation, generator: torch.Generator) -> torch.Tensor:
    """(count, 2, 3) matrices from output to input in grid_sample's coordinates."""
    angle = _uniform(count, math.radians(settings.rotation_deg), generator)
    zoom = torch.exp(_uniform(count, settings.scale, generator))
    aspect = torch.exp(_uniform(count, settings.log_aspect, generator) / 2)
    mirrored = torch.rand(count, generator=generator) < 0.5
    flip = torch.where(mirrored & torch.tensor(settings.flip), -1.0, 1.0)
    shift = _uniform(2 * count, 2 * settings.shift, generator).reshape(count, 2)
    x, y = zoom * aspect, zoom / aspect
    rows = [
        torch.cos(angle) * x * flip,
        -torch.sin(angle) * y,
        torch.sin(angle) * x * flip,
        torch.cos(angle) * y,
    ]
    return torch.cat([torch.stack(rows, 1).reshape(count, 2, 2), shift[:, :, None]], 2)


def augment(frames: torch.Tensor, size: int, settings: Augmentation, generator: torch.Generator) -> torch.Tensor:
    """(B, 1, H, W) float32 in [0, 1] -> (B, 1, size, size) float32 in [0, 1], on the frames' own device.

    generator: on the CPU; there the same generator gives the same result. Elsewhere the noise is the device's own.
    """
    matrices = affine_matrices(len(frames), settings, generator)
    return change_tone(resample(frames, size, matrices), settings, generator)


def resample(frames: torch.Tensor, size: int, matrices: torch.Tensor) -> torch.Tensor:
    """(B, 1, H, W) float32 -> (B, 1, size, size), moved by `affine_matrices`; black where the frame has nothing.

    The frames are first shrunk as for reading, so that fine lines do not alias into what reading never shows.
    """
    frames = shrink(frames, min(frames.shape[-1], round(size * SPARE)))
    grid = F.affine_grid(matrices.to(frames.device), [len(frames), 1, size, size], align_corners=False)
    return F.grid_sample(frames, grid, mode="bilinear", padding_mode="zeros", align_corners=False)


def change_tone(images: torch.Tensor, settings: Augmentation, generator: torch.Generator) -> torch.Tensor:
    """Gamma, contrast, noise and erased places: (B, 1, S, S) float32 in [0, 1], and so returned."""
    count = len(images)
    gamma = torch.exp(_uniform(count, settings.log_gamma, generator))[:, None, None, None]
    gain = 1 + _uniform(count, settings.contrast, generator)[:, None, None, None]
    noise = torch.rand(count, 1, 1, 1, generator=generator) * settings.noise
    images = images.clamp(1e-4, 1) ** gamma.to(images.device) * gain.to(images.device)
    images = images + noise.to(images.device) * _normal(images, generator)
    return _erase(images.clamp(0, 1), settings.erase, generator)


def _normal(images: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    """Millions of numbers, which only a CPU should draw on a CPU."""
    if images.device.type == "cpu":
        return torch.randn(images.shape, generator=generator)
    return torch.randn_like(images)


def _erase(images: torch.Tensor, share: float, generator: torch.Generator) -> torch.Tensor:
    if share <= 0:
        return images
    size = images.shape[-1]
    chosen = torch.rand(len(images), generator=generator) < share
    for image in (images[n] for n in chosen.nonzero()[:, 0].tolist()):
        side = (torch.rand(2, generator=generator) * size / 4).long() + 4
        top, left = ((torch.rand(2, generator=generator)) * (size - side)).long().tolist()
        image[:, top : top + side[0], left : left + side[1]] = float(torch.rand(1, generator=generator) < 0.5)
    return images
