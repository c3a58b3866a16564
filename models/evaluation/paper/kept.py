"""What was read of images, kept beside the weights that read it, so that nothing is read twice.

A file counts for the weights whose hash stands in it, and for images whose labels are as they were; all else is
computed again.
"""

import csv
import os
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from models.data.labels import Label
from models.evaluation.activation import Map
from models.evaluation.csv_files import LABEL_COLUMNS, label_columns, write_csv
from models.evaluation.metrics import Array

Labels = tuple[Label, ...]
Key = tuple[str, ...]
"""A label as it stands in the file."""
HASH = "weights_sha256"
DECIMALS = 3
"""Of what is kept and of what is given back, so that the first answer is also the later ones'."""


def kept_values(
    path: Path, sha256: str, labels: Labels, columns: Sequence[str], compute: Callable[[Labels], Sequence[Array]]
) -> list[Array]:
    """(N,) values of each column, of the CSV at `path` or, for the images it lacks, of `compute`.

    compute: gives the (M,) values of each column for M labels. Those that it was asked for are added to the file.
    """
    known = _read(path, sha256, columns)
    missing = tuple(label for label in labels if _key(label) not in known)
    if missing:
        fresh = np.round(np.stack([np.asarray(values) for values in compute(missing)], axis=1), DECIMALS)
        known |= {_key(label): tuple(row) for label, row in zip(missing, fresh.tolist(), strict=True)}
        _write(path, sha256, columns, known)
    rows = np.array([known[_key(label)] for label in labels], np.float64)
    return list(rows.T)


def kept_maps(path: Path, sha256: str, labels: Labels, compute: Callable[[], Map]) -> Map:
    """(N, h, w) float32, of the file at `path` where it holds these weights' maps of these very images."""
    ids = np.array([label.id for label in labels])
    if path.is_file():
        with np.load(path) as file:
            if str(file["sha256"]) == sha256 and np.array_equal(file["ids"], ids):
                return np.asarray(file["maps"], dtype=np.float32)
    maps = compute().astype(np.float16)
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    with part.open("wb") as file:
        np.savez(file, sha256=sha256, ids=ids, maps=maps)
    part.replace(path)
    return maps.astype(np.float32)


def _key(label: Label) -> Key:
    return tuple(str(value) for value in label_columns(label).values())


def _read(path: Path, sha256: str, columns: Sequence[str]) -> dict[Key, tuple[float, ...]]:
    """Nothing where the file is missing, damaged, or of other weights."""
    if not path.is_file():
        return {}
    try:
        with path.open(encoding="utf-8", newline="") as file:
            rows = [row for row in csv.DictReader(file) if row[HASH] == sha256]
        return {
            tuple(row[name] for name in LABEL_COLUMNS): tuple(float(row[column]) for column in columns) for row in rows
        }
    except (KeyError, TypeError, ValueError):
        return {}


def _write(path: Path, sha256: str, columns: Sequence[str], known: dict[Key, tuple[float, ...]]) -> None:
    rows = [
        {**dict(zip(LABEL_COLUMNS, key, strict=True)), **dict(zip(columns, values, strict=True)), HASH: sha256}
        for key, values in known.items()
    ]
    write_csv(path, rows)
