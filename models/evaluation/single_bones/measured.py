"""What readers of single bones said of images, and the figures of it. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from models.bones.reading import Months
from models.data.labels import Label
from models.detection.anatomy import RUS_BONES
from models.detection.hand_shape import HandBone
from models.evaluation.agreement import Agreement, agreement
from models.evaluation.metrics import Array, By, Row, groups, summarise, truth_months


@dataclass(frozen=True)
class Said:
    """months: (N, 13) of each bone, NaN where it was not found; hand: (N,) of the whole hand, months."""

    labels: tuple[Label, ...]
    months: Months
    hand: Array

    def of(self, bone: HandBone, members: Array | None = None) -> tuple[Array, Array, Array]:
        """What the bone and the whole hand say and the truth, (M,) each, where it was found and among the members."""
        column = self.months[:, RUS_BONES.index(bone)]
        there = ~np.isnan(column)
        if members is not None:
            there &= members.astype(bool)
        return column[there], self.hand[there], truth_months(self.labels)[there]


@dataclass(frozen=True)
class OfBone:
    """One bone: its errors, and how it goes with the whole hand's reading, months. correlation: Pearson's r."""

    bone: HandBone
    row: Row
    correlation: float
    against_hand: Agreement


def of_bone(said: Said, bone: HandBone) -> OfBone | None:
    """None where fewer than three images show the bone."""
    months, hand, truth = said.of(bone)
    if len(months) < 3:
        return None
    return OfBone(bone, summarise(str(bone), months, truth), _pearson(months, hand), agreement(months - hand))


def by_age(said: Said) -> dict[str, dict[HandBone, Row]]:
    """By age group the figures of each bone that some image of the group shows."""
    found: dict[str, dict[HandBone, Row]] = {}
    for name, members in groups(said.labels, (By.AGE,)):
        rows = {}
        for bone in RUS_BONES:
            months, _, truth = said.of(bone, np.asarray(members, dtype=np.float64))
            if len(months):
                rows[bone] = summarise(str(bone), months, truth)
        found[name] = rows
    return found


def together(said: Said) -> list[Row]:
    """Mean and median of a hand's bones as one reading, the whole hand's, and both, on hands with all thirteen."""
    whole = ~np.isnan(said.months).any(1)
    if not whole.any():
        return []
    months, truth = said.months[whole], truth_months(said.labels)[whole]
    readings: Sequence[tuple[str, Array]] = (
        ("mean of the thirteen", months.mean(1)),
        ("median of the thirteen", np.median(months, axis=1)),
        ("whole hand", said.hand[whole]),
        ("whole hand and mean of the thirteen, halfway", (said.hand[whole] + months.mean(1)) / 2),
    )
    return [summarise(name, each, truth) for name, each in readings]


def _pearson(first: Array, second: Array) -> float:
    """NaN where one of them never changes."""
    if np.ptp(first) == 0 or np.ptp(second) == 0:
        return float("nan")
    return float(np.corrcoef(first, second)[0, 1])
