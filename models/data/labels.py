"""Labels of a set of radiographs, and its folds.

Folds 0-7 train; fold 8 selects (even ids) and calibrates (odd ids); fold 9 tests and is never trained or tuned on.
"""

import csv
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

TRAINING_FOLDS = tuple(range(8))


class Split(StrEnum):
    """What a radiograph may be used for."""

    TRAIN = "train"
    SELECT = "select"
    CALIBRATE = "calibrate"
    TEST = "test"


@dataclass(frozen=True)
class Label:
    """One radiograph: its id, the reading in months, the sex ("F" or "M") and its fold (0-9)."""

    id: int
    bone_age_months: float
    sex: str
    fold: int

    @property
    def split(self) -> Split:
        if self.fold == 9:
            return Split.TEST
        if self.fold == 8:
            return Split.CALIBRATE if self.id % 2 else Split.SELECT
        return Split.TRAIN


def read_labels(path: Path) -> list[Label]:
    """Rows of `id,bone_age_months,sex,fold`, in file order. Raises ValueError that names the line of a bad row."""
    with path.open(encoding="utf-8", newline="") as file:
        return [_label(row, f"{path}:{number}") for number, row in enumerate(csv.DictReader(file), start=2)]


def _label(row: dict[str, str], place: str) -> Label:
    try:
        label = Label(int(row["id"]), float(row["bone_age_months"]), row["sex"], int(row["fold"]))
    except (KeyError, TypeError, ValueError):
        raise ValueError(f"{place}: needs id, bone_age_months, sex and fold") from None
    if label.sex not in ("F", "M") or not 0 < label.bone_age_months <= 240 or not 0 <= label.fold <= 9:
        raise ValueError(f"{place}: sex is F or M, bone_age_months in (0, 240], fold in 0-9")
    return label
