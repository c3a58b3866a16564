"""The radiographs of a data folder, decoded once into a cache and held as one array.

A folder holds `rsna299/labels.csv` and `rsna299/images-*.zip` with `<id>.avif`, 299x299, 8 bit.
"""

import hashlib
import io
import os
import zipfile
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from models.data.labels import Label, Split, read_labels
from models.preprocess import FRAME_PX, standard_frame


@dataclass(frozen=True)
class Radiographs:
    """labels, and frames (N, 299, 299) uint8 in the same order, made standard as `models.preprocess` does."""

    labels: tuple[Label, ...]
    frames: NDArray[np.uint8]

    def __len__(self) -> int:
        return len(self.labels)

    def take(self, splits: Iterable[Split], *, limit: int | None = None) -> "Radiographs":
        """Those of some splits; limit takes the first so many by id order of the file."""
        wanted = set(splits)
        indices = [n for n, label in enumerate(self.labels) if label.split in wanted][:limit]
        return Radiographs(tuple(self.labels[n] for n in indices), self.frames[indices])


def load_radiographs(data: Path, cache: Path | None = None) -> Radiographs:
    """Everything in a data folder; the decoded frames are kept in `cache` (default: the user's cache folder)."""
    folder = data / "rsna299"
    labels = tuple(read_labels(folder / "labels.csv"))
    shards = sorted(folder.glob("images-*.zip"))
    if not shards:
        raise ValueError(f"{folder}: no images-*.zip")
    file = (cache or default_cache()) / f"rsna299-{_fingerprint(shards, labels)}.npy"
    if not file.exists():
        _write_cache(file, shards, labels)
    return Radiographs(labels, np.load(file, mmap_mode="r"))


def default_cache() -> Path:
    """XDG_CACHE_HOME or ~/.cache, below dicom-node."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "dicom-node"


def _fingerprint(shards: list[Path], labels: tuple[Label, ...]) -> str:
    parts = [f"{shard.name}:{shard.stat().st_size}" for shard in shards] + [str(label.id) for label in labels]
    code = [str(FRAME_PX), standard_frame.__module__, "2"]
    return hashlib.sha256("\n".join(parts + code).encode()).hexdigest()[:16]


def _write_cache(file: Path, shards: list[Path], labels: tuple[Label, ...]) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    part = file.with_suffix(f".{os.getpid()}.part")
    frames = np.lib.format.open_memmap(part, "w+", np.uint8, (len(labels), FRAME_PX, FRAME_PX))
    rows = {label.id: n for n, label in enumerate(labels)}
    for shard in shards:
        with zipfile.ZipFile(shard) as archive, ThreadPoolExecutor() as pool:
            blobs = ((int(Path(name).stem), archive.read(name)) for name in archive.namelist())
            for image_id, frame in pool.map(_decode, blobs):
                if image_id in rows:
                    frames[rows[image_id]] = frame
    frames.flush()
    os.replace(part, file)


def _decode(blob: tuple[int, bytes]) -> tuple[int, NDArray[np.uint8]]:
    grey = np.asarray(Image.open(io.BytesIO(blob[1])).convert("L"))
    pixels = (grey / 255).astype(np.float32)
    return blob[0], standard_frame(pixels)
