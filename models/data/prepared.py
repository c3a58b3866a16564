"""Frames prepared on one machine for a training on another: `labels.csv`, and `frames-NN.zip` with `<id>.png`.

Lossless, so that both machines train on the same pixels. Reading needs numpy and Pillow alone.
"""

import csv
import io
import zipfile
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from models.data.frames import Radiographs
from models.data.labels import read_labels

SHARD_BYTES = 50_000_000
"""A zip file is closed once it holds so much."""
COLUMNS = ("id", "bone_age_months", "sex", "fold")
Frame = NDArray[np.uint8]


def write_prepared(radiographs: Radiographs, folder: Path) -> list[Path]:
    """The files written; zip files of an earlier call are removed first."""
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("frames-*.zip"):
        old.unlink()
    labels = folder / "labels.csv"
    with labels.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        writer.writerows([getattr(label, column) for column in COLUMNS] for label in radiographs.labels)
    return [labels, *_write_shards(radiographs, folder)]


def read_prepared(folder: Path) -> Radiographs:
    """All frames of a folder, with their labels. Raises ValueError that names what is missing or no frame."""
    labels = tuple(read_labels(folder / "labels.csv"))
    rows, frames = {f"{label.id}.png": n for n, label in enumerate(labels)}, None
    for shard in sorted(folder.glob("frames-*.zip")):
        with zipfile.ZipFile(shard) as archive, ThreadPoolExecutor() as pool:
            named = [name for name in archive.namelist() if name in rows]
            for name, frame in zip(named, pool.map(_decoded, map(archive.read, named)), strict=True):
                frames = np.empty((len(labels), *frame.shape), np.uint8) if frames is None else frames
                if frame.shape != frames.shape[1:]:
                    raise ValueError(f"{shard}: {name} has {frame.shape} pixels, others have {frames.shape[1:]}")
                frames[rows.pop(name)] = frame
    if rows or frames is None:
        raise ValueError(f"{folder}: frames of {len(rows)} labels are missing; bring all frames-*.zip")
    return Radiographs(labels, frames)


def _write_shards(radiographs: Radiographs, folder: Path) -> Iterator[Path]:
    with ThreadPoolExecutor() as pool:
        blobs = zip(radiographs.labels, pool.map(_encoded, radiographs.frames), strict=True)
        named = ((f"{label.id}.png", blob) for label, blob in blobs)
        for count, shard in enumerate(_shards(named), start=1):
            path = folder / f"frames-{count:02}.zip"
            with zipfile.ZipFile(path, "w") as archive:
                for name, blob in shard:
                    archive.writestr(name, blob)
            yield path


def _shards(named: Iterable[tuple[str, bytes]]) -> Iterator[list[tuple[str, bytes]]]:
    shard, held = [], 0
    for name, blob in named:
        shard.append((name, blob))
        held += len(blob)
        if held >= SHARD_BYTES:
            yield shard
            shard, held = [], 0
    if shard:
        yield shard


def _encoded(frame: Frame) -> bytes:
    file = io.BytesIO()
    Image.fromarray(frame).save(file, "PNG", compress_level=9)
    return file.getvalue()


def _decoded(blob: bytes) -> Frame:
    with Image.open(io.BytesIO(blob), formats=("PNG",)) as image:
        return np.asarray(image.convert("L"))
