"""Labelled frames in memory: what is trained on and read, wherever it came from."""

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from models.attention.coarse import Box
from models.data.labels import Label, Split
from models.interval_net.chain import Chain


@dataclass(frozen=True)
class Radiographs:
    """labels, and frames (N, 299, 299) uint8 in the same order, made standard as `models.preprocess` does.

    boxes: by id, where the hand was found on these frames; without a box the whole frame counts. chain: what the frames
    passed instead of what makes them standard.
    """

    labels: tuple[Label, ...]
    frames: NDArray[np.uint8]
    boxes: Mapping[int, Box] = field(default_factory=dict)
    chain: Chain | None = None

    def __len__(self) -> int:
        return len(self.labels)

    def take(self, splits: Iterable[Split], *, limit: int | None = None) -> "Radiographs":
        """Those of some splits; limit takes the first so many by id order of the file."""
        wanted = set(splits)
        return self.at([n for n, label in enumerate(self.labels) if label.split in wanted][:limit])

    def at(self, indices: Sequence[int]) -> "Radiographs":
        """Those at some places, in the order given."""
        return Radiographs(tuple(self.labels[n] for n in indices), self.frames[list(indices)], self.boxes, self.chain)


def default_cache() -> Path:
    """Where what was decoded or found is kept: XDG_CACHE_HOME or ~/.cache, below dicom-node."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "dicom-node"
