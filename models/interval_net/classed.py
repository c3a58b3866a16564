"""Frames with the class of their age: what a classifier of ages learns from and is measured on."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from models.data.labels import Label, Split
from models.data.radiographs import labels_of
from models.interval_net.chain import Chain
from models.interval_net.transforms import prepared_frame
from models.phantom.damage import Pixels
from models.preprocess import FRAME_PX, shrink
from models.quality.source import good_images


@dataclass(frozen=True)
class ClassedFrames:
    """frames (N, S, S) uint8 behind the chain, in the order of the labels."""

    labels: tuple[Label, ...]
    frames: NDArray[np.uint8]

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def months(self) -> NDArray[np.float64]:
        """(N,) as labelled."""
        return np.array([label.bone_age_months for label in self.labels])

    @property
    def male(self) -> NDArray[np.float32]:
        """(N,) 1 male, 0 female."""
        return np.array([label.sex == "M" for label in self.labels], np.float32)


def load_classed(
    data: Path | None, split: Split, count: int, chain: Chain, *, drawn: bool, size: int = FRAME_PX
) -> ClassedFrames:
    """At most so many images of a split, evenly spread over the file; drawn: so many phantoms instead.

    size: side of the frames kept. Raises ValueError where radiographs are asked for and there is no folder, or none.
    """
    found = framed(good_images(data, split, count, drawn=drawn), chain, size)
    if not len(found):
        raise ValueError(f"{data or 'phantoms'}: no images of the {split.value} split")
    return found


def framed(images: Iterable[tuple[Label, Pixels]], chain: Chain, size: int = FRAME_PX) -> ClassedFrames:
    """Each image behind the chain, shrunk to a side of `size` pixels."""
    labels, frames = [], []
    for label, pixels in images:
        frame = torch.from_numpy(prepared_frame(pixels, chain))[None, None].float() / 255
        labels.append(label)
        frames.append((shrink(frame, size)[0, 0] * 255).round().to(torch.uint8).numpy())
    return ClassedFrames(tuple(labels), np.stack(frames) if frames else np.empty((0, size, size), np.uint8))


def training_months(data: Path | None, drawn: ClassedFrames | None) -> list[float]:
    """The ages that classes are cut by: all of folds 0 to 7 of a folder, whichever of them train; or those drawn."""
    if drawn is not None or data is None:
        return [] if drawn is None else drawn.months.tolist()
    return [label.bone_age_months for label in labels_of(data) if label.split is Split.TRAIN]
