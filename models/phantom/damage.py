"""Known damage to a radiograph, for tests of what the pipeline does with poor images."""

import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.float32]
"""(H, W) float32 in [0, 1], bone bright."""

PHOTONS = 60.0
"""Mean photons at full brightness in a picture with Poisson noise: a heavily underexposed one."""


def poisson_noise(pixels: Pixels, rng: np.random.Generator, photons: float = PHOTONS) -> Pixels:
    """Count photons: each pixel is Poisson with mean pixel * photons, divided by photons again."""
    return np.asarray((rng.poisson(pixels * photons) / photons).clip(0, 1), dtype=np.float32)


def covering_label(pixels: Pixels, rng: np.random.Generator, largest: float = 0.25) -> Pixels:
    """A black rectangle, 12 to 25 % of each side, wholly inside the central 60 % of the frame.

    largest: the share that is 0.25 there, at most 0.6; the least is 0.48 of it.
    """
    height, width = pixels.shape
    tall, wide = (int(side * rng.uniform(0.48 * largest, largest)) for side in (height, width))
    top = int(rng.uniform(0.2 * height, 0.8 * height - tall))
    left = int(rng.uniform(0.2 * width, 0.8 * width - wide))
    covered = pixels.copy()
    covered[top : top + tall, left : left + wide] = 0.0
    return covered


def lower_resolution(pixels: Pixels, factor: float = 4) -> Pixels:
    """Down by the factor (area mean) and up again (linear): the size stays, the detail does not."""
    import cv2  # a training machine with prepared frames may lack it

    height, width = pixels.shape
    small = cv2.resize(
        pixels, (max(int(width / factor), 1), max(int(height / factor), 1)), interpolation=cv2.INTER_AREA
    )
    return np.asarray(cv2.resize(small, (width, height), interpolation=cv2.INTER_LINEAR), dtype=np.float32)
