"""Phantoms whose thirteen levels are known, each drawn by its own level: the truth is exact, as no site's can be."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from models.levels.curve import ScaleAge, age_of_score, curve, score_of_age
from models.levels.scale import BONES, COUNTS, SEXES, TOP_SCORE, Sex, level_scores, total_score
from models.phantom.drawing import Phantom, draw
from models.phantom.levels import stage_of_level
from models.phantom.maturity import OLDEST_MONTHS

FRAME_PX = (640, 500)
"""Height and width of the drawn frames."""
SPREAD_LEVELS = 0.8
"""SD of a bone's own level around what the hand's age lets expect: bones of one hand differ."""
WITHIN_LEVEL = 0.3
"""A bone is drawn up to so far from its level towards its neighbours."""
BEYOND_MONTHS = 12.0
"""Ages are drawn so far beyond the end of the curve, so that there are hands that are fused."""


@dataclass(frozen=True)
class GradedPhantom:
    """A phantom with the level of each of BONES, and what the scale says of them."""

    phantom: Phantom
    sex: Sex
    levels: tuple[int, ...]

    @property
    def age(self) -> ScaleAge:
        """Of the true levels."""
        return age_of_score(total_score(self.levels, self.sex), self.sex)


def graded_phantoms(count: int, seed: int = 0) -> Iterator[GradedPhantom]:
    """`count` hands of all ages that the curve has; the same arguments give the same hands.

    Pairs of a girl and a boy follow one another in tens, so that each of ten folds in turn has both.
    """
    rng = np.random.default_rng(seed)
    for n in range(count):
        sex = SEXES[(n // 10) % 2]
        known = curve(sex)
        months = float(rng.uniform(known.youngest_months, known.oldest_months + BEYOND_MONTHS))
        levels = _levels(months, sex, rng)
        yield draw_levels(levels, sex, seed=int(rng.integers(2**31)))


def draw_levels(levels: tuple[int, ...], sex: Sex, *, seed: int = 0) -> GradedPhantom:
    """The hand with these levels, as large as one of their age. Raises ValueError where a level is none of its bone."""
    months = age_of_score(total_score(levels, sex), sex).months
    within = np.random.default_rng(seed).uniform(-WITHIN_LEVEL, WITHIN_LEVEL, len(BONES))
    stages = {
        bone.value: stage_of_level(level, most, share)
        for bone, level, most, share in zip(BONES, levels, COUNTS, within.tolist(), strict=True)
    }
    height, width = FRAME_PX
    nominal = min(months, OLDEST_MONTHS)
    return GradedPhantom(draw(nominal, sex, seed=seed, height=height, width=width, graded=stages), sex, levels)


def _levels(months: float, sex: Sex, rng: np.random.Generator) -> tuple[int, ...]:
    """Where each bone's share of its top score is about the hand's, and then a bone's own difference."""
    share = 1.0 if months > curve(sex).oldest_months else score_of_age(months, sex) / TOP_SCORE
    levels = []
    for bone, count in zip(BONES, COUNTS, strict=True):
        scores = level_scores(bone, sex)
        place = float(np.interp(share * scores[-1], scores, np.arange(count)))
        own = 0.0 if share == 1 else float(rng.normal(0, SPREAD_LEVELS))
        levels.append(int(np.clip(round(place + own), 0, count - 1)))
    return tuple(levels)
