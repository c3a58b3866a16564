"""Kept readings joined with radiologists' entries. Pure."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from dicom_node.operate.commissioning.radiologist import Entry
from dicom_node.spool.commissioned import KeptReading
from models.data.labels import Label
from models.evaluation.metrics import Array


@dataclass(frozen=True)
class Pair:
    """One image that both read. radiologist_months: the mean where several entered it; readers: how many did."""

    kept: KeptReading
    radiologist_months: float
    readers: int


@dataclass(frozen=True)
class Joined:
    """pairs: with a reading in front. The rest is why others are none.

    unknown: lines of entries that name no kept reading, or several. refused, without_sex: entered, and not read by
    the node, or read for both sexes. not_entered: kept readings that nobody entered.
    """

    pairs: tuple[Pair, ...]
    unknown: tuple[int, ...]
    refused: int
    without_sex: int
    not_entered: int

    @property
    def labels(self) -> tuple[Label, ...]:
        """The radiologists' ages as labels, numbered in order."""
        return tuple(Label(n, each.radiologist_months, each.kept.sex, 0) for n, each in enumerate(self.pairs))

    @property
    def read_months(self) -> Array:
        """(N,) months that the node read."""
        return np.array([each.kept.bone_age_months for each in self.pairs], dtype=np.float64)

    @property
    def inside(self) -> Array:
        """(N,) bool: whether the node's interval holds the radiologist's age."""
        bounds = [each.kept.interval_months or (np.nan, np.nan) for each in self.pairs]
        ages = [each.radiologist_months for each in self.pairs]
        return np.array([low <= age <= high for (low, high), age in zip(bounds, ages, strict=True)], dtype=np.bool_)


def join(kept: Sequence[KeptReading], entries: Iterable[Entry]) -> Joined:
    """Each entry with the one kept reading that it names."""
    entered: dict[KeptReading, list[float]] = defaultdict(list)
    unknown: list[int] = []
    for entry in entries:
        named = [row for row in kept if names(entry.image, row)]
        if len(named) == 1:
            entered[named[0]].append(entry.bone_age_months)
        else:
            unknown.append(entry.line)
    pairs = tuple(
        Pair(row, float(np.mean(entered[row])), len(entered[row]))
        for row in kept
        if row in entered and row.bone_age_months is not None
    )
    refused = sum(bool(row.refusal) for row in entered)
    return Joined(pairs, tuple(unknown), refused, len(entered) - len(pairs) - refused, len(kept) - len(entered))


def names(image: str, row: KeptReading) -> bool:
    """Whether a SOP Instance UID or the beginning of an ID, of 8 digits or more, means this row."""
    return image == row.sop_instance_uid or (len(image) >= 8 and row.key.startswith(image.lower()))
