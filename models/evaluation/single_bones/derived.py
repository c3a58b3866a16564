"""Do levels that are derived from bone ages mean anything? Three examinations, each of which can fail. Pure.

1. A bone's crop exchanged for an older child's: the bone's level should rise, and farther than any other's. No other's
   can move where each bone is read alone, so that this much holds by the way it is made.
2. Levels should rise with age.
3. Bones should reach their top level, fusion, in the known order: distal phalanges, then the other short bones, then
   radius and ulna (Greulich and Pyle 1959), and keep it better than levels of the hand's one age do: the table of
   scores alone puts bones in some order, and what only repeats that has seen nothing in the images.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from models.bones.reading import Months
from models.data.labels import Label
from models.detection.anatomy import RUS_BONES
from models.detection.hand_shape import HandBone
from models.evaluation.metrics import truth_months
from models.evaluation.single_bones.exchanged import Exchanged, exchange_alone, exchange_together
from models.evaluation.single_bones.measured import Said
from models.levels.derived import derived_level
from models.levels.grading import grade
from models.levels.hands import GradedHands
from models.levels.scale import COUNTS, SEXES, Sex
from models.registry import LoadedModel

LEAST_RISING: Final = 0.95
"""Of exchanges, each bone's share that has to raise its level."""
LEAST_MOST: Final = 0.8
"""Of exchanges, each bone's share in which no other level rises as far."""
LEAST_WITH_AGE: Final = 0.9
"""Of Spearman's correlation of a bone's level with the hand's age."""
LEAST_ORDER: Final = 0.5
"""Of Kendall's correlation (tau b) of the ages at which bones reach the top with the known order."""
YEAR: Final = 12.0
Levels = NDArray[np.float64]
"""(N, 13) level of each bone; NaN where it was not found."""


@dataclass(frozen=True)
class Examined:
    """exchanged: the first examination. with_age: by bone Spearman's correlation.

    reached_months: of each sex the age from which on half of its children have this bone at the top; infinite where
    none do. order: Kendall's correlation of these with the known order; NaN where it says nothing. order_of_table: the
    same where every bone is given the age of the label.
    """

    exchanged: Exchanged
    with_age: Mapping[HandBone, float]
    reached_months: Mapping[Sex, Mapping[HandBone, float]]
    order: Mapping[Sex, float]
    order_of_table: Mapping[Sex, float]

    @property
    def verdicts(self) -> dict[str, bool]:
        """Whether each examination is passed; one that says nothing is not."""
        most = self.exchanged.most or {}
        return {
            "exchange": all(share >= LEAST_RISING for share in self.exchanged.rising.values())
            and all(share >= LEAST_MOST for share in most.values()),
            "age": all(rho >= LEAST_WITH_AGE for rho in self.with_age.values()),
            "order": all(tau >= LEAST_ORDER and tau > self.order_of_table[sex] for sex, tau in self.order.items()),
        }


def examine_ages(said: Said, *, seed: int = 0) -> Examined:
    """All three of levels that each bone's own age gives. The donors of exchanged crops are drawn by the seed."""
    levels = derived_levels(said.labels, said.months)
    return _examined(said.labels, levels, exchange_alone(said.labels, levels, seed=seed))


def examine_grader(model: LoadedModel, hands: GradedHands, *, seed: int = 0) -> Examined:
    """All three of a grader's likeliest levels."""
    levels = grade(model.network, hands.crops, model.card.input_size).argmax(2).astype(np.float64)
    return _examined(hands.labels, levels, exchange_together(model, hands, seed=seed))


def _examined(labels: Sequence[Label], levels: Levels, exchanged: Exchanged) -> Examined:
    ages = truth_months(labels)
    alike = derived_levels(labels, np.where(np.isnan(levels), np.nan, ages[:, None]))
    reached = {sex: _reached(levels, labels, sex) for sex in SEXES}
    return Examined(
        exchanged=exchanged,
        with_age={bone: _spearman(levels[:, n], ages) for n, bone in enumerate(RUS_BONES)},
        reached_months=reached,
        order={sex: _in_order(each) for sex, each in reached.items()},
        order_of_table={sex: _in_order(_reached(alike, labels, sex)) for sex in SEXES},
    )


def derived_levels(labels: Sequence[Label], months: Months) -> Levels:
    """Each bone's level by its own bone age, (N, 13) months, and the sex of the label."""
    levels = np.full(months.shape, np.nan)
    for place, label in enumerate(labels):
        for n, bone in enumerate(RUS_BONES):
            if not np.isnan(months[place, n]):
                levels[place, n] = derived_level(bone, float(months[place, n]), _sex(label.sex))
    return levels


def known_rank(bone: HandBone) -> int:
    """1 for those that fuse first, 3 for the last."""
    if bone in (HandBone.RADIUS, HandBone.ULNA):
        return 3
    return 1 if bone.kind == "DistalPhalanx" else 2


def _spearman(levels: NDArray[np.float64], ages: NDArray[np.float64]) -> float:
    there = ~np.isnan(levels)
    if there.sum() < 3 or np.ptp(levels[there]) == 0 or np.ptp(ages[there]) == 0:
        return float("nan")
    return float(stats.spearmanr(levels[there], ages[there]).statistic)


def _reached(levels: Levels, labels: Sequence[Label], sex: Sex) -> dict[HandBone, float]:
    """The first year of age from which on at least half of the children have the bone at its top level, in months."""
    mine, ages = np.array([label.sex == sex for label in labels], dtype=bool), truth_months(labels)
    reached = {}
    for n, (bone, count) in enumerate(zip(RUS_BONES, COUNTS, strict=True)):
        there = mine & ~np.isnan(levels[:, n])
        years, at_top = (ages[there] // YEAR).astype(int), levels[there, n] == count - 1
        first = float("inf")
        for year in sorted(set(years.tolist()), reverse=True):
            if at_top[years == year].mean() < 0.5:
                break
            first = year * YEAR
        reached[bone] = first
    return reached


def _in_order(reached: Mapping[HandBone, float]) -> float:
    ranks, ages = [known_rank(bone) for bone in reached], list(reached.values())
    if len(set(ages)) < 2:
        return float("nan")
    return float(stats.kendalltau(ranks, [min(age, 1e6) for age in ages]).statistic)


def _sex(letter: str) -> Sex:
    return "M" if letter == "M" else "F"
