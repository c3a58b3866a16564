"""The first examination: a bone's crop exchanged for that of an older child of the same sex."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from models.data.labels import Label
from models.detection.anatomy import RUS_BONES
from models.detection.hand_shape import HandBone
from models.evaluation.metrics import truth_months
from models.levels.grading import Probabilities, grade
from models.levels.hands import GradedHands
from models.levels.scale import COUNTS
from models.registry import LoadedModel

OLDER_BY_MONTHS: Final = 36.0
MOST_EXCHANGED: Final = 60
"""Hands whose bones are exchanged before a grader of all thirteen, one bone after the other."""


@dataclass(frozen=True)
class Exchanged:
    """count: of pairs. rising: by bone the share of exchanges that raise its level, where it is not yet at the top.

    most: by bone the share of these in which no other bone's level rises as far; None where each bone is read alone.
    """

    count: int
    rising: Mapping[HandBone, float]
    most: Mapping[HandBone, float] | None = None


def exchange_alone(labels: Sequence[Label], levels: NDArray[np.float64], *, seed: int = 0) -> Exchanged:
    """Of bones that are read alone: the exchanged one has the donor's level. levels: (N, 13), NaN where not found."""
    pairs = older_pairs(labels, seed)
    return Exchanged(
        len(pairs), {bone: _rising(levels[:, n], COUNTS[n] - 1, pairs) for n, bone in enumerate(RUS_BONES)}
    )


def exchange_together(model: LoadedModel, hands: GradedHands, *, seed: int = 0) -> Exchanged:
    """Of a grader of all thirteen: each bone's crop exchanged in turn, and the expected levels before and after."""
    pairs = older_pairs(hands.labels, seed)
    pairs = [pairs[n] for n in np.linspace(0, len(pairs) - 1, min(MOST_EXCHANGED, len(pairs))).round().astype(int)]
    places, donors = [place for place, _ in pairs], [donor for _, donor in pairs]
    size = model.card.input_size
    found = grade(model.network, hands.crops[places], size)
    before, can_rise = progress(found), found.argmax(2) < np.array(COUNTS) - 1
    rising, most = {}, {}
    for n, bone in enumerate(RUS_BONES):
        crops = hands.crops[places].copy()
        crops[:, n] = hands.crops[donors][:, n]
        steps = progress(grade(model.network, crops, size)) - before
        counted = steps[can_rise[:, n]]
        rising[bone] = float((counted[:, n] > 0).mean()) if len(counted) else float("nan")
        most[bone] = float((counted.argmax(1) == n).mean()) if len(counted) else float("nan")
    return Exchanged(len(pairs), rising, most)


def progress(probabilities: Probabilities) -> NDArray[np.float64]:
    """(N, 13) the expected level of each bone as a share of its last one."""
    levels = np.arange(probabilities.shape[2])
    return np.asarray((probabilities @ levels) / (np.array(COUNTS) - 1))


def older_pairs(labels: Sequence[Label], seed: int) -> list[tuple[int, int]]:
    """Each child with one of its sex that is OLDER_BY_MONTHS older or more, drawn by the seed, where there is one."""
    generator, ages, pairs = np.random.default_rng(seed), truth_months(labels), []
    sexes = np.array([label.sex for label in labels])
    for place in range(len(ages)):
        donors = np.flatnonzero((sexes == sexes[place]) & (ages >= ages[place] + OLDER_BY_MONTHS))
        if len(donors):
            pairs.append((place, int(generator.choice(donors))))
    return pairs


def _rising(levels: NDArray[np.float64], top: int, pairs: list[tuple[int, int]]) -> float:
    """Of pairs in which both show the bone and the younger one's can still rise; NaN without any."""
    steps = np.array([levels[donor] - levels[place] for place, donor in pairs if levels[place] < top])
    steps = steps[~np.isnan(steps)]
    return float((steps > 0).mean()) if len(steps) else float("nan")
