"""Radiographs with labels, decoded once into a cache and held as one array (`models.data.frames`).

They come from a data folder (`models.data.folder`) or from a site's own set, described in a YAML file
(`models.data.site`).
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from models.data.folder import FolderSource
from models.data.frames import Radiographs, default_cache
from models.data.labels import Label
from models.data.site import Site, read_site
from models.data.site_source import SiteSource
from models.durable import replacing
from models.interval_net.chain import Chain
from models.preprocess import FRAME_PX

SITE_SUFFIXES = frozenset({".yaml", ".yml"})


class Source(Protocol):
    """Where labels and frames come from. name: begins the cache file's name."""

    @property
    def name(self) -> str: ...

    def labels(self) -> tuple[Label, ...]: ...

    def fingerprint(self, labels: Sequence[Label]) -> str: ...

    def decode(self, labels: Sequence[Label], frames: NDArray[np.uint8]) -> None: ...

    def verify(self, labels: Sequence[Label], frames: NDArray[np.uint8]) -> None: ...


def load_radiographs(data: Path, cache: Path | None = None) -> Radiographs:
    """Everything in a data folder, or in the set of a site's YAML file.

    The decoded frames are kept in `cache` (default: the user's cache folder). Raises ValueError that says what is
    wrong with the set.
    """
    return _load(_source(data), cache)


def load_site(site: Site, cache: Path | None = None) -> Radiographs:
    """Everything in a site's own set, as `load_radiographs` does."""
    return _load(SiteSource(site), cache)


def decode_radiographs(data: Path, labels: tuple[Label, ...], chain: Chain | None = None) -> Radiographs:
    """Only those of some labels, decoded now, and made standard, or passed through a chain.

    Raises ValueError for a chain and a site's own set, whose images are not kept as they came.
    """
    if chain is not None:
        return _behind(data, labels, chain)
    frames = np.empty((len(labels), FRAME_PX, FRAME_PX), np.uint8)
    _source(data).decode(labels, frames)
    return Radiographs(labels, frames)


def _behind(data: Path, labels: tuple[Label, ...], chain: Chain) -> Radiographs:
    if not data.is_dir():
        raise ValueError(
            f"{data}: weights with a chain of their own are measured on a data folder, not on a site's set"
        )
    from models.interval_net.transforms import prepared_frame  # OpenCV, which a training machine may lack

    frames = {image_id: prepared_frame(pixels, chain) for image_id, pixels in FolderSource(data).pixels(labels)}
    empty = np.empty((0, FRAME_PX, FRAME_PX), np.uint8)
    return Radiographs(labels, np.stack([frames[label.id] for label in labels]) if labels else empty, chain=chain)


def labels_of(data: Path) -> tuple[Label, ...]:
    """The labels of a data folder or of a site's set, in file order."""
    return _source(data).labels()


def _source(data: Path) -> Source:
    return SiteSource(read_site(data)) if data.suffix.lower() in SITE_SUFFIXES else FolderSource(data)


def _load(source: Source, cache: Path | None) -> Radiographs:
    labels = source.labels()
    file = (cache or default_cache()) / f"{source.name}-{source.fingerprint(labels)}.npy"
    if not file.exists():
        _write_cache(file, source, labels)
    frames = np.load(file, mmap_mode="r")
    source.verify(labels, frames)
    return Radiographs(labels, frames)


def _write_cache(file: Path, source: Source, labels: tuple[Label, ...]) -> None:
    with replacing(file) as part:
        frames = np.lib.format.open_memmap(part, "w+", np.uint8, (len(labels), FRAME_PX, FRAME_PX))
        source.decode(labels, frames)
        frames.flush()
