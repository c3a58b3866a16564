"""A better image of a poor one, by a network that says what has to be added (BoNet+ 3.3.1)."""

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from models.phantom.damage import Pixels
from models.preprocess import FRAME_PX, LOWER_PERCENTILE, UPPER_PERCENTILE, shrink, stretched_frame

BATCH = 32


@torch.inference_mode()
def residuals(network: nn.Module, images: torch.Tensor) -> torch.Tensor:
    """What has to be added to each of (B, 1, S, S) float32 in [0, 1]. The network is left in eval mode."""
    network.eval()
    return torch.cat([network(images[start : start + BATCH]).float() for start in range(0, len(images), BATCH)])


def improve(network: nn.Module, pixels: Pixels, size: int, *, device: str = "cpu") -> Pixels:
    """The image improved: (H, W) float32 in [0, 1], stretched as readers stretch it.

    The network sees the squashed and stretched image at its own side of `size` pixels; what it adds is enlarged to the
    image, whose own detail stays.
    """
    seen = shrink(torch.from_numpy(stretched_frame(pixels))[None, None], size).to(device)
    added = residuals(network, seen)[0, 0].cpu().numpy()
    larger = cv2.resize(added, pixels.shape[::-1], interpolation=cv2.INTER_LINEAR)
    return np.asarray((stretched(pixels) + larger).clip(0, 1), dtype=np.float32)


def stretched(pixels: Pixels) -> Pixels:
    """(H, W) float32 in [0, 1]: between the percentiles that its standard frame is stretched by."""
    squashed = cv2.resize(pixels, (FRAME_PX, FRAME_PX), interpolation=cv2.INTER_AREA)
    low, high = np.percentile(squashed, [LOWER_PERCENTILE, UPPER_PERCENTILE])
    return np.asarray(((pixels - low) / max(float(high - low), 1e-6)).clip(0, 1), dtype=np.float32)


def psnr_db(image: NDArray[np.float32], truth: NDArray[np.float32]) -> float:
    """Peak signal to noise of pixels in [0, 1], in dB: 10 log10(1 / mean squared error)."""
    return float(-10 * np.log10(max(float(((image - truth) ** 2).mean()), 1e-10)))
