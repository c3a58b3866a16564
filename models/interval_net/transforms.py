"""The preprocessing chain as MONAI transforms (IntervalNet IV): from pixels of any size to a frame.

The paper names the steps and gives none of their strengths; those chosen here are the constants below. Brightness and
contrast are PIL's ImageEnhance, as in the paper, on floats: a factor of the pixels, and of their distance to the mean.
"""

from collections.abc import Callable
from functools import cache

import cv2
import numpy as np
import torch
from monai.transforms import Compose, GaussianSmooth, Resize, ScaleIntensityRangePercentiles, Transform
from numpy.typing import NDArray

from models.interval_net.chain import Chain
from models.preprocess import CLIP_LIMIT, FRAME_PX, LOWER_PERCENTILE, TILES, UPPER_PERCENTILE

DIAMETER_PX, SIGMA_GREY, SIGMA_PX = 5, 0.1, 2.0
"""Of the bilateral filter: its window, and how far apart greys (of 0 to 1) and pixels may be."""
BRIGHTNESS, CONTRAST = 1.1, 1.3
"""Factors of ImageEnhance; 1 changes nothing."""
BLUR_PX = 0.8
"""SD of the Gaussian blur."""
STRENGTHS = (
    f"Bilateral filter of {DIAMETER_PX} px, SD {SIGMA_GREY:g} of the greys and {SIGMA_PX:g} px; brightness x "
    f"{BRIGHTNESS:g}, contrast x {CONTRAST:g}; stretched between percentiles {LOWER_PERCENTILE:g} and "
    f"{UPPER_PERCENTILE:g}; Gaussian of {BLUR_PX:g} px; CLAHE with clip limit {CLIP_LIMIT:g} and {TILES} x {TILES} "
    f"tiles; on frames of {FRAME_PX} px."
)
"""As a sentence."""

Image = torch.Tensor
"""(1, H, W) float32."""


class BilateralFilter(Transform):  # type: ignore[misc]  # MONAI has no types here
    """(1, H, W) -> (1, H, W) float32: each pixel the mean of those near it in place and in grey (Tomasi 1998)."""

    def __call__(self, image: Image) -> Image:
        return _each(image, lambda grey: cv2.bilateralFilter(grey, DIAMETER_PX, SIGMA_GREY, SIGMA_PX))


class EnhanceTone(Transform):  # type: ignore[misc]
    """(1, H, W) -> (1, H, W) float32 in [0, 1]: brightness first, then contrast around the mean."""

    def __call__(self, image: Image) -> Image:
        brighter = (image * BRIGHTNESS).clamp(0, 1)
        mean = brighter.mean()
        return ((brighter - mean) * CONTRAST + mean).clamp(0, 1)


class EqualiseLocally(Transform):  # type: ignore[misc]
    """(1, H, W) -> (1, H, W) float32 in [0, 1]: CLAHE (Zuiderveld 1994), with the settings of the standard frame."""

    def __call__(self, image: Image) -> Image:
        equaliser = cv2.createCLAHE(clipLimit=CLIP_LIMIT, tileGridSize=(TILES, TILES))
        return _each(image, lambda grey: equaliser.apply(_bytes(grey)).astype(np.float32) / 255)


def prepared_frame(pixels: NDArray[np.float32], chain: Chain) -> NDArray[np.uint8]:
    """Squash, and do the steps of the chain: (H, W) float32 in [0, 1], bone bright -> (299, 299) uint8."""
    image = torch.as_tensor(np.ascontiguousarray(pixels, dtype=np.float32))[None]
    return _bytes(np.asarray(steps_of(chain)(image)[0], dtype=np.float32))


@cache
def steps_of(chain: Chain) -> Compose:
    """The transforms of the steps that are switched on, behind the one to the frame's size."""
    made = {
        "bilateral": BilateralFilter(),
        "tone": EnhanceTone(),
        "normalise": ScaleIntensityRangePercentiles(LOWER_PERCENTILE, UPPER_PERCENTILE, 0.0, 1.0, clip=True),
        "blur": GaussianSmooth(sigma=BLUR_PX),
        "clahe": EqualiseLocally(),
    }
    return Compose([Resize((FRAME_PX, FRAME_PX), mode="area"), *(made[step] for step in chain.steps)])


def _each(image: Image, work: Callable[[NDArray[np.float32]], object]) -> Image:
    return torch.from_numpy(np.asarray(work(np.ascontiguousarray(image[0], dtype=np.float32))))[None]


def _bytes(grey: NDArray[np.float32]) -> NDArray[np.uint8]:
    return np.asarray(np.rint(grey.clip(0, 1) * 255).astype(np.uint8))
