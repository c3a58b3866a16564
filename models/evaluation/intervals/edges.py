"""The paper's claim that the sex helps most at the edges of classes, put to the test."""

from dataclasses import dataclass

import numpy as np

from models.evaluation.intervals.measurements import Told
from models.evaluation.metrics import Array, Estimate

ROUNDS = 2000


@dataclass(frozen=True)
class EdgeGain:
    """Percentage points of accuracy that the sex brings to images near an inner edge, to those far from all, and the
    difference, which the claim says is above zero. near, far: how many images.
    """

    near: int
    far: int
    near_gain: Estimate
    far_gain: Estimate
    difference: Estimate


def distance_to_edge(months: Array, edges_months: tuple[float, ...]) -> Array:
    """(N,) months from each age to the nearest inner edge."""
    return np.asarray(np.abs(months[:, None] - np.asarray(edges_months[1:-1])[None]).min(1))


def edge_gain(with_sex: Told, without: Told, near_months: float, *, seed: int = 0) -> EdgeGain | None:
    """Of two runs with the same classes on the same images, paired; None where all images are near, or none.

    near_months: an age at most so far from an inner edge is near. Intervals are bootstraps over images.
    """
    gain = 100.0 * (with_sex.right.astype(np.float64) - without.right)
    near = distance_to_edge(with_sex.labelled, with_sex.scale.edges_months) <= near_months
    if near.all() or not near.any():
        return None
    generator = np.random.default_rng(seed)
    at_edge, away = (_means(gain[group], generator) for group in (near, ~near))
    values = float(gain[near].mean()), float(gain[~near].mean())
    return EdgeGain(
        int(near.sum()), int((~near).sum()), _estimate(values[0], at_edge), _estimate(values[1], away),
        _estimate(values[0] - values[1], at_edge - away),
    )  # fmt: skip


def _means(values: Array, generator: np.random.Generator) -> Array:
    """(ROUNDS,) means of samples with replacement."""
    return np.asarray(generator.choice(values, (ROUNDS, len(values))).mean(1))


def _estimate(value: float, drawn: Array) -> Estimate:
    low, high = np.percentile(drawn, [2.5, 97.5])
    return Estimate(value, float(low), float(high))
