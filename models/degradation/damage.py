"""What each kind of damage does to pixels, (H, W) float32 in [0, 1] with bone bright; the size stays.

Lengths are shares of the frame, so that an image of any size suffers alike. Strengths are what the functions call them;
`models.degradation.kinds` has their units.
"""

import string

import numpy as np

from models.phantom.damage import Pixels, covering_label, lower_resolution, poisson_noise

LARGEST_LABEL = 0.25
"""Of a label over the hand, as a share of each side."""
BRIGHT_PERCENTILE = 99.5
"""Where an image counts as bright."""


def noisy(pixels: Pixels, rng: np.random.Generator, photons: float = 60.0) -> Pixels:
    """Poisson noise as of a weak exposure: so many photons where the image itself is bright."""
    bright = max(float(np.percentile(pixels, BRIGHT_PERCENTILE)), 1e-3)
    return np.asarray(poisson_noise((pixels / bright).clip(0, 1), rng, photons) * bright, dtype=np.float32)


def coarse(pixels: Pixels, _rng: np.random.Generator, factor: float) -> Pixels:
    """As many times lower resolution."""
    return lower_resolution(pixels, factor)


def white_label(pixels: Pixels, rng: np.random.Generator, largest: float = LARGEST_LABEL) -> Pixels:
    """As `covering_label`, at the same place for the same generator, but white."""
    return np.asarray(1 - covering_label(1 - pixels, rng, largest), dtype=np.float32)


def lettered(pixels: Pixels, rng: np.random.Generator, height: float) -> Pixels:
    """White letters of this share of the frame's height, in one line that begins in the central 60 %."""
    import cv2  # a training machine with prepared frames may lack it, and reads recipes all the same

    tall, wide = pixels.shape
    letters = "".join(rng.choice(list(string.ascii_uppercase + string.digits), int(rng.integers(3, 8))))
    scale = height * tall / cv2.getTextSize("H", cv2.FONT_HERSHEY_SIMPLEX, 1.0, 1)[0][1]
    thickness = max(1, round(height * tall / 7))
    left, bottom = int(rng.uniform(0.2, 0.5) * wide), int(rng.uniform(0.3, 0.8) * tall)
    covered = pixels.copy()
    cv2.putText(covered, letters, (left, bottom), cv2.FONT_HERSHEY_SIMPLEX, scale, 1.0, thickness, cv2.LINE_AA)
    return covered


def blurred(pixels: Pixels, _rng: np.random.Generator, deviation: float) -> Pixels:
    """Out of focus: a Gaussian whose SD is this share of the frame's height."""
    import cv2  # a training machine with prepared frames may lack it, and reads recipes all the same

    return np.asarray(cv2.GaussianBlur(pixels, (0, 0), deviation * pixels.shape[0]), dtype=np.float32)


def blocky(pixels: Pixels, _rng: np.random.Generator, quality: float) -> Pixels:
    """Compressed as JPEG of this quality, 1 to 100, and opened again."""
    import cv2  # a training machine with prepared frames may lack it, and reads recipes all the same

    grey = np.round(pixels.clip(0, 1) * 255).astype(np.uint8)
    blob = cv2.imencode(".jpg", grey, [cv2.IMWRITE_JPEG_QUALITY, round(quality)])[1]
    return (np.asarray(cv2.imdecode(blob, cv2.IMREAD_GRAYSCALE)) / 255).astype(np.float32)


def collimated(pixels: Pixels, rng: np.random.Generator, share: float) -> Pixels:
    """Black beyond the edges of a field that leaves out at most this share of the frame at each side."""
    height, width = pixels.shape
    top, bottom, left, right = (rng.uniform(0, share, 4) * [height, height, width, width]).astype(int).tolist()
    field = np.zeros_like(pixels)
    inside = np.s_[top : height - bottom, left : width - right]
    field[inside] = pixels[inside]
    return field


def faint(pixels: Pixels, rng: np.random.Generator, contrast: float) -> Pixels:
    """This share of the contrast, around the mean, in 256 steps and with the noise of the last of them."""
    mean = float(pixels.mean())
    flat = mean + (pixels - mean) * contrast + rng.standard_normal(pixels.shape) / 255
    return np.asarray((np.rint(flat * 255) / 255).clip(0, 1), dtype=np.float32)
