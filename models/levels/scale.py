"""The RUS-CHN scale: the levels of each of the thirteen bones, what each scores, and the total.

Levels count from 0, which is a bone whose epiphysis is not there and which scores nothing. The radius has 15 of them,
metacarpals 3 and 5 have 11. At the highest levels the scores of either sex add up to 1000 (PreciseBAA 3.3, 4.3).
"""

import csv
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from models.detection.anatomy import RUS_BONES
from models.detection.hand_shape import HandBone

Sex = Literal["F", "M"]
"""The letters of Patient's Sex (0010,0040)."""
SEXES: Final[tuple[Sex, ...]] = ("F", "M")
BONES: Final = RUS_BONES
"""The thirteen, in the order of every array here that has a row or a column for each."""
TOP_SCORE: Final = 1000
NAME: Final = "RUS-CHN"
SEX_WORDS: Final[Mapping[str, Sex]] = {"female": "F", "male": "M"}
"""The words of the tables."""


@cache
def _table() -> Mapping[tuple[Sex, HandBone], tuple[int, ...]]:
    """Scores by level, of each sex and bone."""
    text = files(__package__).joinpath("rus_chn_scores.csv").read_text(encoding="utf-8")
    scores: dict[tuple[Sex, HandBone], tuple[int, ...]] = {}
    for row in csv.DictReader(text.splitlines()):
        key = SEX_WORDS[row["sex"]], HandBone(row["bone"])
        scores[key] = (*scores.get(key, ()), int(row["score"]))
        assert len(scores[key]) == int(row["level"]) + 1, "rus_chn_scores.csv: levels of a bone stand in order"
    return scores


def level_scores(bone: HandBone, sex: Sex) -> tuple[int, ...]:
    """What each level of a bone scores, from level 0 on; they rise. Raises ValueError for another bone or sex."""
    if (sex, bone) not in _table():
        raise ValueError(f"{NAME} has no scores of {bone!r}, {sex!r}; it has {', '.join(BONES)}, of F and M")
    return _table()[sex, bone]


COUNTS: Final = tuple(len(level_scores(bone, "F")) for bone in BONES)
"""Levels of each of BONES; level n is at most the count less 1."""
MOST_LEVELS: Final = max(COUNTS)


def scores_of(levels: Sequence[int], sex: Sex) -> tuple[int, ...]:
    """The score of each of BONES at these levels. Raises ValueError where a level is none of its bone."""
    if len(levels) != len(BONES):
        raise ValueError(f"{len(levels)} levels; {NAME} needs one of each of the {len(BONES)} bones")
    for bone, level, count in zip(BONES, levels, COUNTS, strict=True):
        if not 0 <= level < count:
            raise ValueError(f"{bone} has levels 0 to {count - 1}, not {level}")
    return tuple(level_scores(bone, sex)[level] for bone, level in zip(BONES, levels, strict=True))


def total_score(levels: Sequence[int], sex: Sex) -> int:
    """The sum of the thirteen scores, 0 to 1000. Raises ValueError as `scores_of` does."""
    return sum(scores_of(levels, sex))


def score_distribution(probabilities: NDArray[np.float64], sex: Sex) -> NDArray[np.float64]:
    """How likely each total score is, (1001,): the exact convolution of the thirteen bones' own distributions.

    probabilities: (13, 15), a row a bone that adds up to 1, 0 beyond its last level. The bones are taken as independent
    given the radiograph, which their errors are not wholly: what comes of it is measured, not assumed.
    Raises ValueError for another shape, or a row that is no distribution.
    """
    _check(probabilities)
    total = np.ones(1)
    for bone, row, count in zip(BONES, probabilities, COUNTS, strict=True):
        scores = level_scores(bone, sex)
        own = np.zeros(scores[-1] + 1)
        np.add.at(own, list(scores), row[:count])
        total = np.convolve(total, own)
    return np.asarray(total / total.sum())


def _check(probabilities: NDArray[np.float64]) -> None:
    if probabilities.shape != (len(BONES), MOST_LEVELS):
        raise ValueError(f"probabilities of levels are ({len(BONES)}, {MOST_LEVELS}), not {probabilities.shape}")
    beyond = any(row[count:].any() for row, count in zip(probabilities, COUNTS, strict=True))
    if beyond or (probabilities < 0).any() or np.abs(probabilities.sum(1) - 1).max() > 1e-3:
        raise ValueError("probabilities of levels: each row adds up to 1 over the levels that its bone has")
