"""Figures of accuracy in months, each with a bootstrap interval."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from models.data.labels import Label

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]
AGE_GROUPS_MONTHS = ((0, 36), (36, 72), (72, 108), (108, 144), (144, 180), (180, 216))
"""RegressionCNN Table III; ages above 216 months belong to no group."""
SEXES = (("M", "male"), ("F", "female"))


class By(StrEnum):
    """What images are grouped by."""

    SEX = "sex"
    AGE = "age"


@dataclass(frozen=True)
class Estimate:
    """A figure and its 95 % bootstrap interval."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.value:.2f} [{self.low:.2f}, {self.high:.2f}]"


@dataclass(frozen=True)
class Row:
    """Figures of one group of images; months throughout, ccs_12 in percent. sd: of the absolute error, as papers print
    it behind the MAE."""

    group: str
    count: int
    mae: Estimate
    sd: float
    median: float
    rmse: float
    bias: float
    ccs_12: float


def bootstrap(values: Array, figure: Callable[[Array], float], *, seed: int = 0, rounds: int = 2000) -> Estimate:
    """Percentile bootstrap over images. values: (N,), N >= 1."""
    generator = np.random.default_rng(seed)
    draws = generator.integers(0, len(values), (rounds, len(values)))
    figures = np.array([figure(values[draw]) for draw in draws])
    low, high = np.percentile(figures, [2.5, 97.5])
    return Estimate(figure(values), float(low), float(high))


def summarise(group: str, predicted: Array, truth: Array) -> Row:
    """predicted, truth: (N,) months."""
    error = predicted - truth
    absolute = np.abs(error)
    return Row(
        group=group,
        count=len(error),
        mae=bootstrap(absolute, lambda v: float(v.mean())),
        sd=float(absolute.std(ddof=1)) if len(error) > 1 else float("nan"),
        median=float(np.median(absolute)),
        rmse=float(np.sqrt((error**2).mean())),
        bias=float(error.mean()),
        ccs_12=float((absolute <= 12).mean() * 100),
    )


def groups(labels: Sequence[Label], by: Iterable[By] = (By.SEX, By.AGE)) -> list[tuple[str, Mask]]:
    """Name and (N,) bool members of all images, then of each sex, age group, or sex with its age groups, as asked.

    Age groups are those of the label; groups without images are left out.
    """
    wanted = set(by)
    everyone = np.ones(len(labels), bool)
    named = [("all", everyone)]
    sexes = [("", everyone)]
    if By.SEX in wanted:
        sexes = [(name, np.array([label.sex == sex for label in labels], bool)) for sex, name in SEXES]
    for name, of_sex in sexes:
        named += [(name, of_sex)] if name else []
        if By.AGE in wanted:
            named += [(f"{name}, {age}" if name else age, of_sex & inside) for age, inside in _age_groups(labels)]
    return [(name, members) for name, members in named if members.any()]


def _age_groups(labels: Sequence[Label]) -> list[tuple[str, Mask]]:
    truth = truth_months(labels)
    last = AGE_GROUPS_MONTHS[-1][1]
    return [
        (f"{low}-{high} months", (truth >= low) & ((truth <= high) if high == last else (truth < high)))
        for low, high in AGE_GROUPS_MONTHS
    ]


def truth_months(labels: Iterable[Label]) -> Array:
    """(N,) months, as labelled."""
    return np.array([label.bone_age_months for label in labels])


def table(labels: Iterable[Label], predicted: Array, by: Iterable[By] = (By.SEX, By.AGE)) -> list[Row]:
    """A row of each group; by default all, by sex, and by sex and age group."""
    labels = list(labels)
    truth = truth_months(labels)
    return [summarise(name, predicted[members], truth[members]) for name, members in groups(labels, by)]


def ccs(absolute_errors: Array, thresholds_months: Array) -> Array:
    """Cumulative correct score: percent of images whose error is at most t (BoNet+ eqs. 3, 4, divided by the images).

    absolute_errors: (N,) months, N >= 1; thresholds_months: (T,). Returns (T,) in [0, 100], never falling where
    thresholds rise.
    """
    ranks = np.searchsorted(np.sort(absolute_errors), thresholds_months, side="right")
    return np.asarray(ranks * (100.0 / len(absolute_errors)))


def to_markdown(rows: Iterable[Row]) -> str:
    """A table a person reads."""
    lines = [
        "| group | images | MAE, months [95 % CI] | SD | median | RMSE | bias | within 12 months |",
        "|---|--:|--:|--:|--:|--:|--:|--:|",
    ]
    for r in rows:
        sd = "-" if np.isnan(r.sd) else f"{r.sd:.2f}"
        lines.append(
            f"| {r.group} | {r.count} | {r.mae} | {sd} | {r.median:.2f} | {r.rmse:.2f} | {r.bias:+.2f} "
            f"| {r.ccs_12:.1f} % |"
        )
    return "\n".join(lines)
