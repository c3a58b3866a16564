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
    labels = labels_of(data)
    file = (cache or default_cache()) / f"rsna299-{_fingerprint(_shards(data), labels)}.npy"
    if not file.exists():
        _write_cache(file, data, labels)
    return Radiographs(labels, np.load(file, mmap_mode="r"))


def decode_radiographs(data: Path, labels: tuple[Label, ...]) -> Radiographs:
    """Only those of some labels, decoded now."""
    frames = np.empty((len(labels), FRAME_PX, FRAME_PX), np.uint8)
    _decode_into(frames, data, labels)
    return Radiographs(labels, frames)


def labels_of(data: Path) -> tuple[Label, ...]:
    """The labels of a data folder, in file order."""
    return tuple(read_labels(data / "rsna299" / "labels.csv"))


def default_cache() -> Path:
    """XDG_CACHE_HOME or ~/.cache, below dicom-node."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "dicom-node"


def _fingerprint(shards: list[Path], labels: tuple[Label, ...]) -> str:
    parts = [f"{shard.name}:{shard.stat().st_size}" for shard in shards] + [str(label.id) for label in labels]
    code = [str(FRAME_PX), standard_frame.__module__, "2"]
    return hashlib.sha256("\n".join(parts + code).encode()).hexdigest()[:16]


def _shards(data: Path) -> list[Path]:
    shards = sorted((data / "rsna299").glob("images-*.zip"))
    if not shards:
        raise ValueError(f"{data / 'rsna299'}: no images-*.zip")
    return shards


def _write_cache(file: Path, data: Path, labels: tuple[Label, ...]) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    part = file.with_suffix(f".{os.getpid()}.part")
    frames = np.lib.format.open_memmap(part, "w+", np.uint8, (len(labels), FRAME_PX, FRAME_PX))
    _decode_into(frames, data, labels)
    frames.flush()
    os.replace(part, file)


def _decode_into(frames: NDArray[np.uint8], data: Path, labels: tuple[Label, ...]) -> None:
    rows = {label.id: n for n, label in enumerate(labels)}
    for shard in _shards(data):
        with zipfile.ZipFile(shard) as archive, ThreadPoolExecutor() as pool:
            wanted = [name for name in archive.namelist() if int(Path(name).stem) in rows]
            blobs = ((int(Path(name).stem), archive.read(name)) for name in wanted)
            for image_id, frame in pool.map(_decode, blobs):
                frames[rows.pop(image_id)] = frame
    if rows:
        raise ValueError(f"{data}: {len(rows)} labelled images are missing, among them {min(rows)}")


def _decode(blob: tuple[int, bytes]) -> tuple[int, NDArray[np.uint8]]:
    grey = np.asarray(Image.open(io.BytesIO(blob[1])).convert("L"))
    pixels = (grey / 255).astype(np.float32)
    return blob[0], standard_frame(pixels)
