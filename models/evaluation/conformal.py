"""95 % intervals by split conformal prediction, in groups of predicted age."""

import math

import numpy as np
from numpy.typing import NDArray

from models.card import Interval

Array = NDArray[np.float64]


def half_width(absolute_errors: Array, coverage: float) -> float:
    """The ceil((n + 1) coverage)-th smallest of n absolute errors covers a new case with at least that probability."""
    rank = math.ceil((len(absolute_errors) + 1) * coverage)
    if rank > len(absolute_errors):
        raise ValueError(f"{len(absolute_errors)} cases are too few for a coverage of {coverage}")
    return float(np.sort(absolute_errors)[rank - 1])


def fit_interval(
    predicted: Array, truth: Array, *, coverage: float = 0.95, smallest_group: int = 80, source: str
) -> Interval:
    """Half widths in equally filled groups of predicted age, each of at least `smallest_group` cases."""
    groups = max(1, min(6, len(predicted) // smallest_group))
    edges = np.quantile(predicted, np.arange(1, groups) / groups)
    member = np.searchsorted(edges, predicted, side="right")
    widths = [half_width(np.abs(predicted - truth)[member == g], coverage) for g in range(groups)]
    return Interval(
        coverage=coverage,
        method=f"split conformal by predicted age, on {source}",
        age_edges_months=tuple(round(float(edge), 2) for edge in edges),
        half_widths_months=tuple(round(width, 2) for width in widths),
    )


def measured_coverage(interval: Interval, predicted: Array, truth: Array) -> float:
    """Share of cases whose truth lies in the interval, in [0, 1]."""
    bounds = np.array([interval.around(months) for months in predicted])
    return float(((truth >= bounds[:, 0]) & (truth <= bounds[:, 1])).mean())
