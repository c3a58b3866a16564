"""Frames with the class of their age: what a classifier of ages learns from and is measured on.

What passed a chain once is kept in the user's cache, by folder, images, chain and size.
"""

import hashlib
import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from models.data.folder import FolderSource
from models.data.frames import default_cache
from models.data.labels import Label, Split
from models.data.phantoms import phantoms_of
from models.interval_net.chain import Chain
from models.interval_net.transforms import prepared_frame
from models.phantom.damage import Pixels
from models.plausibility.sources import spread
from models.preprocess import FRAME_PX, shrink

VERSION = "1"
"""Of the chain's code: another number makes all that is kept again."""


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
    data: Path, split: Split, count: int, chain: Chain, size: int = FRAME_PX, cache: Path | None = None
) -> ClassedFrames:
    """At most so many images of a split of a data folder, evenly spread over the file.

    size: side of the frames. Raises ValueError where the folder has none.
    """
    source = FolderSource(data)
    labels = spread(source.labels(), split, count)
    if not labels:
        raise ValueError(f"{data}: no images of the {split.value} split")
    parts = [source.fingerprint(labels), *chain.steps, str(size), VERSION]
    name = hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]
    file = (cache or default_cache()) / f"intervals-{name}.npy"
    if not file.is_file():
        by_id = {label.id: label for label in labels}
        framed = frames_of(((by_id[image_id], pixels) for image_id, pixels in source.pixels(labels)), chain, size)
        places = {label.id: n for n, label in enumerate(framed.labels)}
        _keep(file, framed.frames[[places[label.id] for label in labels]])
    return ClassedFrames(labels, np.load(file))


def draw_classed(split: Split, count: int, chain: Chain, size: int = FRAME_PX) -> ClassedFrames:
    """Phantoms, behind the chain."""
    return frames_of(((label, phantom.pixels) for label, phantom in phantoms_of(split, count)), chain, size)


def frames_of(images: Iterable[tuple[Label, Pixels]], chain: Chain, size: int = FRAME_PX) -> ClassedFrames:
    """Each image behind the chain, shrunk to a side of `size` pixels."""
    labels, frames = [], []
    for label, pixels in images:
        frame = torch.from_numpy(prepared_frame(pixels, chain))[None, None].float() / 255
        labels.append(label)
        frames.append((shrink(frame, size)[0, 0] * 255).round().to(torch.uint8).numpy())
    return ClassedFrames(tuple(labels), np.stack(frames) if frames else np.empty((0, size, size), np.uint8))


def _keep(file: Path, frames: NDArray[np.uint8]) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    part = file.with_suffix(f".{os.getpid()}.part")
    with part.open("wb") as opened:
        np.save(opened, frames)
    part.replace(file)
