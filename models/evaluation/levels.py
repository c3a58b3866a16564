"""Figures of graders of thirteen bones, in the form of PreciseBAA: Fig. 14, Table 1 and Table 2."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from models.evaluation.paper.origin import table
from models.levels.curve import End, ScaleAge, age_of_levels, age_of_score
from models.levels.grading import Probabilities
from models.levels.scale import BONES, COUNTS, MOST_LEVELS, Sex, total_score

Levels = NDArray[np.int64]
"""(N, 13), in the order of BONES."""
AGE_GROUPS_YEARS = {
    "0-3": (0.0, 4.0), "4-7": (4.0, 8.0), "8-11": (8.0, 12.0), "12-15": (12.0, 16.0), "16-18": (16.0, 19.0),
    "all (0-18)": (0.0, 19.0), "all (2-18)": (2.0, 19.0),
}  # fmt: skip
"""From, and below: the paper's labels are whole years, in which a year lasts until the next."""
PRINTED_ACCURACY = {"densenet121": 63.15, "resnet50": 52.97, "inception_v3": 61.74}
"""PreciseBAA 4.3, percent, mean over the bones; its ResNet is of the second version."""
PRINTED_AGES = {
    "0-3": (0.95, 0.99), "4-7": (0.72, 0.78), "8-11": (0.48, 0.54), "12-15": (0.57, 0.62), "16-18": (0.94, 1.22),
    "all (0-18)": (0.61, 0.69), "all (2-18)": (0.59, 0.67),
}  # fmt: skip
"""PreciseBAA Table 2: MAE and RMSE in years."""
NONE = "-"


@dataclass(frozen=True)
class Graded:
    """What a grader said of hands whose levels are known. sexes: (N,) letters; truth_months: bone ages as labelled."""

    probabilities: Probabilities
    levels: Levels
    sexes: tuple[Sex, ...]
    truth_months: NDArray[np.float64]

    @property
    def told(self) -> Levels:
        """The likeliest level of each bone."""
        return np.asarray(self.probabilities.argmax(2), dtype=np.int64)

    @cached_property
    def ages(self) -> tuple[ScaleAge, ...]:
        return tuple(age_of_levels(each, sex) for each, sex in zip(self.probabilities, self.sexes, strict=True))

    @property
    def errors_years(self) -> NDArray[np.float64]:
        return (np.array([age.months for age in self.ages]) - self.truth_months) / 12

    @property
    def told_errors_years(self) -> NDArray[np.float64]:
        """Of the age of the likeliest levels alone, as the paper has it (PreciseBAA 3.3)."""
        return (_months_of(self.told, self.sexes) - self.truth_months) / 12

    @property
    def coverage(self) -> float:
        """Share of hands whose labelled age lies in the interval."""
        inside = [
            age.low_months - 0.01 <= truth <= age.high_months + 0.01  # labels are rounded
            for age, truth in zip(self.ages, self.truth_months.tolist(), strict=True)
        ]
        return float(np.mean(inside))

    def share_within(self, levels: int) -> NDArray[np.float64]:
        """(13,) shares of hands whose level is told so many levels off at most."""
        return np.asarray((np.abs(self.told - self.levels) <= levels).mean(0))


def ages_of_true_levels(graded: Graded) -> NDArray[np.float64]:
    """(N,) months that the scale says of the levels as labelled."""
    return _months_of(graded.levels, graded.sexes)


def _months_of(levels: Levels, sexes: Sequence[Sex]) -> NDArray[np.float64]:
    pairs = zip(levels.tolist(), sexes, strict=True)
    return np.array([age_of_score(total_score(each, sex), sex).months for each, sex in pairs])


def accuracy_table(found: Mapping[str, Graded], backbones: Mapping[str, str]) -> str:
    """Fig. 14: the share of right levels of each bone, and within one level; percent."""
    rows = []
    shares = {name: (graded.share_within(0), graded.share_within(1)) for name, graded in found.items()}
    for n, (bone, count) in enumerate(zip(BONES, COUNTS, strict=True)):
        cells = [f"{100 * each[n]:.1f}" for pair in shares.values() for each in pair]
        rows.append([str(bone), str(count), *cells])
    rows.append(["mean", NONE, *(f"{100 * each.mean():.1f}" for pair in shares.values() for each in pair)])
    known = [PRINTED_ACCURACY.get(backbones[name]) for name in found]
    printed = [NONE if each is None else f"{each:.2f}" for each in known]
    rows.append(["paper: mean", NONE, *(cell for each in printed for cell in (each, NONE))])
    heads = [head for name in found for head in (f"{name}: right, %", "within one, %")]
    return table(["bone", "levels", *heads], rows)


def correlations(levels: Levels) -> NDArray[np.float64]:
    """(13, 13) Pearson correlations of the levels of one hand's bones; NaN where a bone has one level alone."""
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(np.corrcoef(levels.T))


def correlation_table(levels: Levels) -> str:
    """Table 1."""
    found = correlations(levels)
    rows = []
    for n, (bone, row) in enumerate(zip(BONES, found.tolist(), strict=True)):
        cells = [NONE if np.isnan(value) else f"{value:.2f}" for value in row[: n + 1]]
        rows.append([f"{n + 1} {bone}", *cells, *[""] * (len(BONES) - n - 1)])
    return table(["", *(str(n + 1) for n in range(len(BONES)))], rows)


def age_table(found: Mapping[str, Graded]) -> str:
    """Table 2: MAE and RMSE in years by age group; of each grader, and as the paper prints them."""
    any_of = next(iter(found.values()))
    years, rows = any_of.truth_months / 12, []
    for group, (low, high) in AGE_GROUPS_YEARS.items():
        inside = (years >= low) & (years < high)
        cells = [cell for graded in found.values() for cell in _errors(graded.errors_years[inside])]
        printed = [f"{value:.2f}" for value in PRINTED_AGES[group]]
        rows.append([group, str(int(inside.sum())), *cells, *printed])
    heads = [head for name in (*found, "paper") for head in (f"{name}: MAE, years", "RMSE")]
    return table(["age group", "hands", *heads], rows)


def _errors(errors: NDArray[np.float64]) -> list[str]:
    if not len(errors):
        return [NONE, NONE]
    return [f"{np.abs(errors).mean():.2f}", f"{np.sqrt((errors**2).mean()):.2f}"]


def interval_table(found: Mapping[str, Graded]) -> str:
    """The error beside that of the likeliest levels alone; how often the 95 % interval holds the labelled age, how wide
    it is, and how often the scale ends."""
    rows = []
    for name, graded in found.items():
        widths = [age.high_months - age.low_months for age in graded.ages]
        ends = [sum(age.end is end for age in graded.ages) for end in End]
        errors = [f"{np.abs(each).mean():.2f}" for each in (graded.errors_years, graded.told_errors_years)]
        rows.append([name, *errors, f"{100 * graded.coverage:.1f}", f"{np.median(widths):.1f}", *map(str, ends)])
    heads = [
        "grader", "MAE, years", "of the likeliest levels alone", "interval holds the age, %", "median width, months",
        *(f"hands {end}" for end in End),
    ]  # fmt: skip
    return table(heads, rows)


def confusions(graded: Graded) -> NDArray[np.int64]:
    """(13, 15, 15) counts of hands: bone, labelled level, told level."""
    counts = np.zeros((len(BONES), MOST_LEVELS, MOST_LEVELS), np.int64)
    for n in range(len(BONES)):
        np.add.at(counts[n], (graded.levels[:, n], graded.told[:, n]), 1)
    return counts


def confusion_rows(found: Mapping[str, Graded]) -> Sequence[Mapping[str, object]]:
    """A row each pair of levels that was met: of the CSV."""
    return [
        {"grader": name, "bone": str(BONES[n]), "level": level, "told": told, "hands": int(counts[n, level, told])}
        for name, counts in ((name, confusions(graded)) for name, graded in found.items())
        for n, level, told in np.argwhere(counts).tolist()
    ]
