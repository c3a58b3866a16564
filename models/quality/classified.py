"""Standard frames with the class of their quality: what a classifier learns from and is measured on."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from models.degradation.mixture import PoorImage, counts
from models.preprocess import FRAME_PX, standard_frame


@dataclass(frozen=True)
class ClassifiedFrames:
    """frames (N, 299, 299) uint8, made standard after the damage; classes (N,) int64, places in CLASSES.

    applied: how many images had which kinds of damage.
    """

    frames: NDArray[np.uint8]
    classes: NDArray[np.int64]
    applied: Mapping[str, int] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.frames)


def classified(images: Iterable[PoorImage]) -> ClassifiedFrames:
    """Of a mixture whose choices are those of the classes."""
    kept = [(standard_frame(image.poor), image.choice, image.applied) for image in images]
    frames = np.stack([frame for frame, _, _ in kept]) if kept else np.empty((0, FRAME_PX, FRAME_PX), np.uint8)
    return ClassifiedFrames(
        frames, np.array([choice for _, choice, _ in kept], np.int64), counts([a for *_, a in kept])
    )
