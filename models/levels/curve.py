"""Bone age from the total score: the 50th percentile curve of RUS-CHN (PreciseBAA Fig. 6), as far as it rises.

The curve is a polynomial of the tenth degree, bone age in years. It first falls, up to a score of 18 (male) or 45
(female), and ends at 1000: scores outside what lies between say no age of their own.
"""

import csv
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib.resources import files
from typing import Final

import numpy as np
from numpy.typing import NDArray

from models.levels.scale import SEX_WORDS, TOP_SCORE, Sex, score_distribution

COVERAGE: Final = 0.95
_MONTHS: Final = 12.0


class End(StrEnum):
    """Of the scale: a bone age that stands there is a bound, not a reading."""

    BEGINNING = "at or before the beginning of the scale"
    LAST = "at or beyond the end of the scale"


@dataclass(frozen=True)
class Curve:
    """first_score: where the curve begins to rise.  months: (1001,) by score; those before first_score have its age."""

    first_score: int
    months: NDArray[np.float64]

    @property
    def youngest_months(self) -> float:
        return float(self.months[0])

    @property
    def oldest_months(self) -> float:
        return float(self.months[-1])


@dataclass(frozen=True)
class ScaleAge:
    """A bone age in months with its 95 % interval; end: where it is the scale's and not the hand's.

    score: the expected total score, 0 to 1000; whole where the levels are certain.
    """

    months: float
    low_months: float
    high_months: float
    score: float
    end: End | None


@cache
def curve(sex: Sex) -> Curve:
    """The curve of one sex at every whole score. Raises KeyError for another sex than F and M."""
    text = files(__package__).joinpath("rus_chn_curve.csv").read_text(encoding="utf-8")
    rows = [row for row in csv.DictReader(text.splitlines()) if SEX_WORDS[row["sex"]] == sex]
    if not rows:
        raise KeyError(sex)
    coefficients = [float(row["coefficient"]) for row in sorted(rows, key=lambda row: int(row["power"]))]
    months = np.asarray(_MONTHS * np.polynomial.polynomial.polyval(np.arange(TOP_SCORE + 1), coefficients), np.float64)
    first = int(np.flatnonzero(np.diff(months) <= 0)[-1]) + 1
    months[:first] = months[first]
    months.setflags(write=False)
    return Curve(first, months)


def age_of_score(score: int, sex: Sex) -> ScaleAge:
    """The bone age of a total score, whose levels are certain. Raises ValueError outside 0 to 1000."""
    if not 0 <= score <= TOP_SCORE:
        raise ValueError(f"a total score is 0 to {TOP_SCORE}, not {score}")
    known = curve(sex)
    months = float(known.months[score])
    return ScaleAge(months, months, months, float(score), _end(score <= known.first_score, score == TOP_SCORE))


def score_of_age(months: float, sex: Sex) -> float:
    """The total score at which the curve has this bone age; ages beyond the scale have that of its ends."""
    known = curve(sex)
    rising = np.arange(known.first_score, TOP_SCORE + 1)
    return float(np.interp(months, known.months[rising], rising))


def age_of_levels(probabilities: NDArray[np.float64], sex: Sex) -> ScaleAge:
    """The expected bone age, and the 2.5th and 97.5th percentile of what the levels leave open.

    probabilities: (13, 15) as `models.levels.scale.score_distribution` takes them; raises ValueError as it does. The
    curve rises, so that a percentile of the score is one of the age. An end is told where it is likelier than not.
    """
    likely, known = score_distribution(probabilities, sex), curve(sex)
    edges = np.searchsorted(likely.cumsum(), [(1 - COVERAGE) / 2, (1 + COVERAGE) / 2 - 1e-12])
    low, high = (float(known.months[edge]) for edge in edges)
    at_beginning = float(likely[: known.first_score + 1].sum()) >= 0.5
    return ScaleAge(
        months=float(likely @ known.months), low_months=low, high_months=high,
        score=float(likely @ np.arange(TOP_SCORE + 1)), end=_end(at_beginning, bool(likely[-1] >= 0.5)),
    )  # fmt: skip


def _end(beginning: bool, last: bool) -> End | None:
    if last:
        return End.LAST
    return End.BEGINNING if beginning else None
