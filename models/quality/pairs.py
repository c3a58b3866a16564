"""Poor images beside what they were, at the size at which they are improved.

Both are stretched by the greys of the poor one, as `improving.improve` does: damage moves the percentiles (noise widens
them, a label lowers them), and what it does to the tone of the whole image no network can know, nor needs to undo. Who
reads the improved image stretches it again.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray

from models.degradation.mixture import PoorImage, counts
from models.preprocess import shrink
from models.quality.improving import grey_limits, squashed, stretched


@dataclass(frozen=True)
class Pairs:
    """poor, clean: (N, S, S) uint8, squashed, stretched alike and shrunk, not equalised.

    choices: (N,) places in a mixture. applied: how many images had which kinds of damage.
    """

    poor: NDArray[np.uint8]
    clean: NDArray[np.uint8]
    choices: NDArray[np.int64]
    applied: Mapping[str, int] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.poor)


def pairs(images: Iterable[PoorImage], size: int) -> Pairs:
    """Each image with its damage, and without."""
    kept = [(*_small(image, size), image.choice, image.applied) for image in images]
    poor, clean = np.stack([each[0] for each in kept]), np.stack([each[1] for each in kept])
    return Pairs(poor, clean, np.array([each[2] for each in kept], np.int64), counts([each[3] for each in kept]))


def _small(image: PoorImage, size: int) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Poor and clean."""
    limits = grey_limits(image.poor)
    frames = np.stack([stretched(squashed(pixels), limits) for pixels in (image.poor, image.clean)])
    poor, clean = np.rint(shrink(torch.from_numpy(frames)[:, None], size)[:, 0].numpy() * 255).astype(np.uint8)
    return poor, clean
