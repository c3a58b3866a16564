"""Labelled radiographs as a set with levels that are derived from their bone ages: three tables, and no image copied.

A grader that is trained on it has learnt from no reader's level; its card and results say so by the set's name.
"""

import csv
from collections.abc import Sequence
from pathlib import Path

import yaml

from models.data.folder import FolderSource
from models.data.labels import Label, Split
from models.levels.derived import METHOD, derived_level
from models.levels.scale import BONES
from models.plausibility.sources import spread

NAME = "derived-levels"
ODD_OF_FOLD_8 = 10
"""The fold of what calibrates: a site's folds stand in one list each."""


def write_derived_site(data: Path, folder: Path, images: int) -> Path:
    """Write the set of a data folder, at most so many images to train on and a quarter of it in each other split.

    Gives its YAML file. Raises ValueError where the folder holds a set already, or the data folder no images.
    """
    path = folder / "site.yaml"
    if path.exists():
        raise ValueError(f"{path}: there is a set here already; give another folder")
    everything = FolderSource(data).labels()
    shards = sorted((data.resolve() / "rsna299").glob("images-*.zip"))
    if not shards:
        raise ValueError(f"{data / 'rsna299'}: no images-*.zip")
    counts = {split: images if split is Split.TRAIN else max(1, images // 4) for split in Split}
    chosen = [label for split, count in counts.items() for label in spread(everything, split, count)]
    folder.mkdir(parents=True, exist_ok=True)
    labels = [(label.id, f"{label.bone_age_months:g}", label.sex, _fold(label)) for label in chosen]
    levels = [(label.id, *_levels(label)) for label in chosen]
    _write(folder / "labels.csv", ("image", "bone_age", "sex", "fold"), labels)
    _write(folder / "levels.csv", ("image", *BONES), levels)
    path.write_text(f"# Levels {METHOD}: for research.\n" + yaml.safe_dump(_site(shards), sort_keys=False))
    return path


def _levels(label: Label) -> list[int]:
    return [derived_level(bone, label.bone_age_months, "M" if label.sex == "M" else "F") for bone in BONES]


def _fold(label: Label) -> int:
    return ODD_OF_FOLD_8 if label.split is Split.CALIBRATE else label.fold


def _site(shards: Sequence[Path]) -> dict[str, object]:
    return {
        "name": NAME,
        "labels": {"file": "labels.csv"},
        "columns": {"image": "image", "bone_age": "bone_age", "sex": "sex", "fold": "fold"},
        "units": {"bone_age": "months"},
        "images": {"zips": [str(each) for each in shards]},
        "folds": {
            "count": 11, "train": list(range(8)), "select": [8], "calibrate": [ODD_OF_FOLD_8], "test": [9],
        },
        "levels": {"file": "levels.csv"},
    }  # fmt: skip


def _write(path: Path, head: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream).writerows([head, *rows])
