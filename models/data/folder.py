"""A data folder: `rsna299/labels.csv`, and `rsna299/images-*.zip` with `<id>.avif`, 299x299, 8 bit."""

import hashlib
import zipfile
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from models.data.images import decode_image
from models.data.labels import Label, read_labels
from models.preprocess import FRAME_PX, standard_frame

Result = TypeVar("Result")


@dataclass(frozen=True)
class FolderSource:
    """Labels and frames of one data folder."""

    data: Path
    name = "rsna299"

    def labels(self) -> tuple[Label, ...]:
        return tuple(read_labels(self.data / "rsna299" / "labels.csv"))

    def fingerprint(self, labels: Sequence[Label]) -> str:
        """Changes with the shards, the ids and the preprocessing."""
        parts = [f"{shard.name}:{shard.stat().st_size}" for shard in self._shards()] + [str(each.id) for each in labels]
        code = [str(FRAME_PX), standard_frame.__module__, "2"]
        return hashlib.sha256("\n".join(parts + code).encode()).hexdigest()[:16]

    def decode(self, labels: Sequence[Label], frames: NDArray[np.uint8]) -> None:
        """Fill frames (N, 299, 299) with the images of the labels. Raises ValueError where one is missing."""
        rows = {label.id: n for n, label in enumerate(labels)}
        for image_id, frame in self._each(labels, lambda blob: standard_frame(decode_image(blob))):
            frames[rows[image_id]] = frame

    def pixels(self, labels: Sequence[Label]) -> Iterator[tuple[int, NDArray[np.float32]]]:
        """Id and pixels, (299, 299) float32 in [0, 1], of each label's image as it came, not made standard.

        In the order of the shards. Raises ValueError as `decode` does.
        """
        yield from self._each(labels, decode_image)

    def _each(self, labels: Sequence[Label], work: Callable[[bytes], Result]) -> Iterator[tuple[int, Result]]:
        missing = {label.id for label in labels}
        for shard in self._shards():
            with zipfile.ZipFile(shard) as archive, ThreadPoolExecutor() as pool:
                wanted = [name for name in archive.namelist() if int(Path(name).stem) in missing]
                blobs = (archive.read(name) for name in wanted)
                for name, result in zip(wanted, pool.map(work, blobs), strict=True):
                    missing.remove(int(Path(name).stem))
                    yield int(Path(name).stem), result
        if missing:
            raise ValueError(f"{self.data}: {len(missing)} labelled images are missing, among them {min(missing)}")

    def verify(self, labels: Sequence[Label], frames: NDArray[np.uint8]) -> None:
        """Nothing: the folds come with the folder."""

    def _shards(self) -> list[Path]:
        shards = sorted((self.data / "rsna299").glob("images-*.zip"))
        if not shards:
            raise ValueError(f"{self.data / 'rsna299'}: no images-*.zip")
        return shards
