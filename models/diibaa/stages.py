"""The three stages of bone age and their bounds by sex (DIIBAA Tables 1 and 4).

The paper's ranges leave ages without a stage (girls 2.5 to 5.0 years) and give others two (12.0 to 15.5): each gap and
each overlap is cut at its midpoint, so that every age has one stage.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

SEXES = ("F", "M")
"""In the order of thresholds; a network's male is the place."""
MONTHS = 12
Range = tuple[float, float]


class Stage(StrEnum):
    """Whose place among the three is a class."""

    TODDLER = "S1"
    PUBERTY = "S2"
    POST_PUBERTY = "S3"


STAGES = tuple(Stage)
TABLE_4: Mapping[str, tuple[Range, ...]] = {
    "F": ((0.5, 2.5), (5.0, 15.5), (12.0, 18.0)),
    "M": ((1.0, 2.7), (4.4, 16.0), (13.5, 19.0)),
}
"""Least and greatest bone age of S1, S2 and S3, in years."""


@dataclass(frozen=True)
class StageBounds:
    """years: by sex the least and greatest bone age of each stage, as the paper prints them, stages rising.

    Raises ValueError where a sex is missing, or stages are not three that rise.
    """

    years: Mapping[str, tuple[Range, ...]] = field(default_factory=lambda: TABLE_4)

    def __post_init__(self) -> None:
        if set(self.years) != set(SEXES):
            raise ValueError("stages are given for F and M")
        for sex, ranges in self.years.items():
            ends = [[pair[end] for pair in ranges] for end in (0, 1)]
            rising = all(low < high for each in ends for low, high in pairwise(each))
            if len(ranges) != len(STAGES) or not rising or any(low >= high for low, high in ranges):
                raise ValueError(f"stages of {sex} are S1, S2 and S3 with [least, greatest] years, both rising")

    def cuts_months(self, sex: str) -> tuple[float, float]:
        """Where S2 and S3 begin: the midpoints between one stage's greatest and the next one's least age."""
        middle, last = (MONTHS * (one[1] + next_one[0]) / 2 for one, next_one in pairwise(self.years[sex]))
        return middle, last

    def place(self, sex: str, months: float) -> int:
        """Of the stage of an age, 0 to 2; a cut itself is of the later stage."""
        return int(sum(months >= cut for cut in self.cuts_months(sex)))

    def limits_months(self, sex: str) -> NDArray[np.float64]:
        """(3, 2): least and greatest age of each stage once gaps and overlaps are cut, which scale its ages (eq. 5)."""
        ends = [MONTHS * self.years[sex][0][0], *self.cuts_months(sex), MONTHS * self.years[sex][-1][1]]
        return np.array(list(pairwise(ends)), np.float64)

    def base_and_scale(self, sex: str) -> NDArray[np.float64]:
        """(3, 2) months: what eq. 6 adds and multiplies by, for each stage."""
        limits = self.limits_months(sex)
        return np.stack([limits[:, 0], limits[:, 1] - limits[:, 0]], 1)

    def document(self) -> dict[str, dict[str, list[float]]]:
        """As a recipe has them; `to_bounds` reads it."""
        return {
            sex: {str(stage): list(pair) for stage, pair in zip(STAGES, self.years[sex], strict=True)} for sex in SEXES
        }


def to_bounds(document: Mapping[str, Mapping[str, Sequence[Any]]]) -> StageBounds:
    """A recipe's key `stages`: {F: {S1: [0.5, 2.5], ...}, M: ...}. Raises ValueError that names what is wrong."""
    years: dict[str, tuple[Range, ...]] = {}
    for sex, ranges in document.items():
        unknown = sorted(set(ranges) ^ set(map(str, STAGES)))
        if unknown:
            raise ValueError(f"stages of {sex} are S1, S2 and S3; '{unknown[0]}' is unknown or missing")
        pairs = [tuple(map(float, ranges[str(stage)])) for stage in STAGES]
        if any(len(pair) != 2 for pair in pairs):
            raise ValueError(f"a stage of {sex} is [least, greatest] years")
        years[sex] = tuple((pair[0], pair[1]) for pair in pairs)
    return StageBounds(years)
