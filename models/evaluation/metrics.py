"""Figures of accuracy in months, each with a bootstrap interval."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.data.labels import Label

Array = NDArray[np.float64]
AGE_GROUPS_MONTHS = ((0, 36), (36, 72), (72, 108), (108, 144), (144, 180), (180, 216))
"""RegressionCNN Table III; ages above 216 months belong to no group."""


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
    """Figures of one group of images; months throughout, ccs_12 in percent."""

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


def table(labels: Iterable[Label], predicted: Array) -> list[Row]:
    """All, by sex, and by sex and age group; groups without images are left out."""
    labels = list(labels)
    truth = np.array([label.bone_age_months for label in labels])
    groups = [("all", np.ones(len(labels), bool))]
    for sex, name in (("M", "male"), ("F", "female")):
        of_sex = np.array([label.sex == sex for label in labels])
        groups.append((name, of_sex))
        for low, high in AGE_GROUPS_MONTHS:
            last = high == AGE_GROUPS_MONTHS[-1][1]
            inside = (truth >= low) & ((truth <= high) if last else (truth < high))
            groups.append((f"{name}, {low}-{high} months", of_sex & inside))
    return [summarise(name, predicted[chosen], truth[chosen]) for name, chosen in groups if chosen.any()]


def to_markdown(rows: Iterable[Row]) -> str:
    """A table a person reads."""
    lines = [
        "| group | images | MAE, months [95 % CI] | SD | median | RMSE | bias | within 12 months |",
        "|---|--:|--:|--:|--:|--:|--:|--:|",
    ]
    for r in rows:
        lines.append(
            f"| {r.group} | {r.count} | {r.mae} | {r.sd:.2f} | {r.median:.2f} | {r.rmse:.2f} | {r.bias:+.2f} "
            f"| {r.ccs_12:.1f} % |"
        )
    return "\n".join(lines)
