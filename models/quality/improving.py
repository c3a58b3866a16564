"""A better image of a poor one, by a network that says what has to be added (BoNet+ 3.3.1)."""

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torch.nn import functional

from models.phantom.damage import Pixels
from models.preprocess import FRAME_PX, LOWER_PERCENTILE, UPPER_PERCENTILE, shrink

BATCH = 32
MULTIPLE_PX = 32
"""Sides that a network with five poolings takes."""
Limits = tuple[float, float]
"""The greys that become 0 and 1."""


@torch.inference_mode()
def residuals(network: nn.Module, images: torch.Tensor) -> torch.Tensor:
    """What has to be added to each of (B, 1, S, S) float32 in [0, 1]. The network is left in eval mode."""
    network.eval()
    side, larger = images.shape[-1], to_multiple(images)
    added = [network(larger[start : start + BATCH]).float() for start in range(0, len(images), BATCH)]
    return torch.cat(added)[..., :side, :side]


def to_multiple(images: torch.Tensor) -> torch.Tensor:
    """(B, 1, S, S) continued at the right and below to the next side that a network with five poolings takes."""
    margin = -images.shape[-1] % MULTIPLE_PX
    return functional.pad(images, (0, margin, 0, margin), mode="replicate")


def improve(network: nn.Module, pixels: Pixels, size: int, *, device: str = "cpu") -> Pixels:
    """The image improved: (H, W) float32 in [0, 1], stretched as readers stretch it.

    The network sees the squashed and stretched image at its own side of `size` pixels; what it adds is enlarged to the
    image, whose detail beyond that side stays.
    """
    frame, limits = squashed(pixels), grey_limits(pixels)
    seen = shrink(torch.from_numpy(stretched(frame, limits))[None, None], size).to(device)
    added = residuals(network, seen)[0, 0].cpu().numpy()
    larger = cv2.resize(added, pixels.shape[::-1], interpolation=cv2.INTER_LINEAR)
    return np.asarray((stretched(pixels, limits) + larger).clip(0, 1), dtype=np.float32)


def squashed(pixels: Pixels) -> Pixels:
    """(H, W) float32 -> (299, 299), the side at which readers make an image standard."""
    return np.asarray(cv2.resize(pixels, (FRAME_PX, FRAME_PX), interpolation=cv2.INTER_AREA), dtype=np.float32)


def grey_limits(pixels: Pixels) -> Limits:
    """The percentiles that the standard frame of (H, W) float32 pixels is stretched by."""
    low, high = np.percentile(squashed(pixels), [LOWER_PERCENTILE, UPPER_PERCENTILE])
    return float(low), float(high)


def stretched(pixels: Pixels, limits: Limits | None = None) -> Pixels:
    """(H, W) float32 in [0, 1]: between these limits, by default its own."""
    low, high = limits or grey_limits(pixels)
    return np.asarray(((pixels - low) / max(high - low, 1e-6)).clip(0, 1), dtype=np.float32)


def psnr_db(image: NDArray[np.float32], truth: NDArray[np.float32]) -> float:
    """Peak signal to noise of pixels in [0, 1], in dB: 10 log10(1 / mean squared error)."""
    return float(-10 * np.log10(max(float(((image - truth) ** 2).mean()), 1e-10)))
