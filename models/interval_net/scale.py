"""How ages become classes and classes an age again (IntervalNet IV, "divide the age range into intervals")."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

Months = NDArray[np.float64]
Probabilities = NDArray[np.float64]
"""(N, K); rows sum to 1."""


class Cut(StrEnum):
    """What the classes have in common."""

    EQUAL_WIDTH = "equal_width"
    """Months, as `cut` of pandas gives, which the paper uses."""
    EQUAL_COUNT = "equal_count"
    """Training images, as near as ties allow."""


@dataclass(frozen=True)
class Intervals:
    """count: of classes, at least 2; cut: how they are found."""

    count: int = 5
    cut: Cut = Cut.EQUAL_WIDTH

    def __post_init__(self) -> None:
        if isinstance(self.count, bool) or not isinstance(self.count, int) or self.count < 2:
            raise ValueError(f"intervals.count is a whole number of at least 2, not {self.count!r}")
        if self.cut not in set(Cut):
            raise ValueError(f"intervals.cut is {' or '.join(Cut)}, not {self.cut!r}")
        object.__setattr__(self, "cut", Cut(self.cut))


@dataclass(frozen=True)
class AgeScale:
    """edges_months: (K + 1,) rising, the outer ones the youngest and the oldest that were learnt from; class k is
    above edge k up to edge k + 1, and the outer classes hold what lies beyond. centres_months: (K,), the mean age of
    the training images of each class.
    """

    edges_months: tuple[float, ...]
    centres_months: tuple[float, ...]

    def __post_init__(self) -> None:
        edges, centres = tuple(map(float, self.edges_months)), tuple(map(float, self.centres_months))
        rising = all(low < high for low, high in pairwise(edges))
        if len(centres) < 2 or len(edges) != len(centres) + 1 or not rising:
            raise ValueError(
                "a scale has rising edges_months, one more than its centres_months, which are at least two"
            )
        object.__setattr__(self, "edges_months", edges)
        object.__setattr__(self, "centres_months", centres)

    @property
    def names(self) -> tuple[str, ...]:
        """Of the classes, by their edges."""
        edges = [f"{edge:g}" for edge in np.round(self.edges_months, 1)]
        return tuple(f"{low}-{high} months" for low, high in pairwise(edges))

    def classes_of(self, months: Months) -> NDArray[np.int64]:
        """(N,) months -> (N,) classes 0 to K - 1; an age on an edge belongs to the class that ends there."""
        return np.searchsorted(np.asarray(self.edges_months[1:-1]), months, side="left").astype(np.int64)

    def expected(self, probabilities: Probabilities) -> Months:
        """(N,) months: the centres, weighted with the probabilities of their classes."""
        return np.asarray(probabilities @ np.asarray(self.centres_months))

    def quantiles(self, probabilities: Probabilities, share: float) -> Months:
        """(N,) months below which so much of each distribution lies, were ages spread evenly within their class."""
        below = np.concatenate([np.zeros((len(probabilities), 1)), probabilities.cumsum(1)], axis=1)
        return np.array([np.interp(share, row, self.edges_months) for row in below])


def fit_scale(intervals: Intervals, months: Sequence[float]) -> AgeScale:
    """The scale of some training ages. Raises ValueError where they do not fill all classes."""
    ages = np.asarray(months, dtype=np.float64)
    shares = np.linspace(0, 1, intervals.count + 1)
    if not len(ages):
        raise ValueError("there are no ages to cut into classes")
    if intervals.cut is Cut.EQUAL_WIDTH:
        edges = ages.min() + shares * (ages.max() - ages.min())
    else:
        edges = np.quantile(ages, shares)
    classes = np.searchsorted(edges[1:-1], ages, side="left")
    members = [ages[classes == k] for k in range(intervals.count)]
    if len(set(edges.tolist())) < len(edges) or not all(map(len, members)):
        raise ValueError(f"{len(ages)} ages do not fill {intervals.count} classes of {intervals.cut}: ask for fewer")
    return AgeScale(tuple(np.round(edges, 4).tolist()), tuple(round(float(each.mean()), 4) for each in members))
