"""Poor images beside what they were, at the size at which they are improved."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray

from models.degradation.mixture import PoorImage, counts
from models.phantom.damage import Pixels
from models.preprocess import shrink, stretched_frame


@dataclass(frozen=True)
class Pairs:
    """poor, clean: (N, S, S) uint8, squashed, stretched and shrunk, not equalised; choices: (N,) places in a mixture.

    applied: how many images had which kinds of damage.
    """

    poor: NDArray[np.uint8]
    clean: NDArray[np.uint8]
    choices: NDArray[np.int64]
    applied: Mapping[str, int] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.poor)


def pairs(images: Iterable[PoorImage], size: int) -> Pairs:
    """Each image with its damage, and without."""
    kept = [(_small(image.poor, size), _small(image.clean, size), image.choice, image.applied) for image in images]
    poor, clean = np.stack([each[0] for each in kept]), np.stack([each[1] for each in kept])
    return Pairs(poor, clean, np.array([each[2] for each in kept], np.int64), counts([each[3] for each in kept]))


def _small(pixels: Pixels, size: int) -> NDArray[np.uint8]:
    small = shrink(torch.from_numpy(stretched_frame(pixels))[None, None], size)[0, 0].numpy()
    return np.asarray(np.rint(small * 255).astype(np.uint8))
