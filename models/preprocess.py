"""From a radiograph of any size to what the whole-hand networks were trained on.

The training radiographs are whole frames squashed to a square of 299 px; a clinical frame is squashed the same way
first, so that both look alike from there on.
"""

from functools import cache

import numpy as np
import torch
from monai.transforms import Compose, Resize, ScaleIntensityRangePercentiles
from numpy.typing import NDArray

FRAME_PX = 299
"""Side of the square that every radiograph is squashed to first."""
LOWER_PERCENTILE, UPPER_PERCENTILE = 1.0, 99.5
CLIP_LIMIT, TILES = 3.0, 6
"""Of the local equalisation: clip limit, and tiles along each side."""


@cache
def _squash() -> Compose:
    stretch = ScaleIntensityRangePercentiles(LOWER_PERCENTILE, UPPER_PERCENTILE, 0.0, 1.0, clip=True)
    return Compose([Resize((FRAME_PX, FRAME_PX), mode="area"), stretch])


def stretched_frame(pixels: NDArray[np.float32]) -> NDArray[np.float32]:
    """Squash, and stretch between the 1st and 99.5th percentile: (299, 299) float32 in [0, 1].

    pixels: (H, W) float32 of any range, bone bright.
    """
    image = torch.as_tensor(np.ascontiguousarray(pixels, dtype=np.float32))[None]
    return np.asarray(_squash()(image)[0], dtype=np.float32)


def standard_frame(pixels: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Squash, stretch between the 1st and 99.5th percentile, equalise locally: (299, 299) uint8.

    pixels: (H, W) float32 of any range, bone bright. The local equalisation is CLAHE (Zuiderveld 1994), so that a dark
    exposure and a bright one look alike.
    """
    squashed = stretched_frame(pixels)
    import cv2  # a training machine with prepared frames may lack it

    equaliser = cv2.createCLAHE(clipLimit=CLIP_LIMIT, tileGridSize=(TILES, TILES))
    return np.asarray(equaliser.apply(np.round(squashed * 255).astype(np.uint8)))


def shrink(frames: torch.Tensor, size: int) -> torch.Tensor:
    """(B, 1, 299, 299) -> (B, 1, size, size), antialiased."""
    if frames.shape[-1] == size:
        return frames
    return torch.nn.functional.interpolate(
        frames, (size, size), mode="bilinear", antialias=True, align_corners=False
    ).clamp(0, 1)


def standardise(pixels: NDArray[np.float32], size: int) -> NDArray[np.float32]:
    """A radiograph as the networks see it: (H, W) float32, bone bright -> (size, size) float32 in [0, 1]."""
    frame = torch.from_numpy(standard_frame(pixels))[None, None].float() / 255
    return np.asarray(shrink(frame, size)[0, 0].numpy(), dtype=np.float32)
