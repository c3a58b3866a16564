"""What the card of an IntervalNet says of how well it does, and how wide its intervals are: by folds 8 and 9."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.card import Card
from models.data.labels import Split
from models.evaluation.conformal import fit_interval, measured_coverage
from models.evaluation.metrics import summarise
from models.interval_net.classifying import classify_ages
from models.interval_net.scale import AgeScale, Months, Probabilities
from models.registry import LoadedModel
from models.training.interval_net_recipe import IntervalRecipe
from models.training.interval_net_run import load_split

COVERAGE = 0.95
WIDENING = "interval_widening_months"
"""Of a card's metrics: what is added on both sides to an interval of the class distribution."""


@dataclass(frozen=True)
class Told:
    """probabilities: (N, K) with flips averaged. months: (N,) as labelled."""

    probabilities: Probabilities
    months: Months


def of_intervals(draft: Card, loaded: LoadedModel, recipe: IntervalRecipe, data: Path | None, device: str) -> Card:
    """With its interval, the widening of intervals of the distribution, and figures of the select and test splits."""
    scale = recipe.known_scale

    def told(split: Split) -> Told:
        images = load_split(recipe, data, split)
        found = classify_ages(
            loaded.network, images.frames, images.male, recipe.input_size, flip=True, device=device
        )  # fmt: skip
        return Told(found, images.months)

    select, calibrate, test = told(Split.SELECT), told(Split.CALIBRATE), told(Split.TEST)
    interval = fit_interval(scale.expected(calibrate.probabilities), calibrate.months, source="the calibrate split")
    widening = fit_widening(scale, calibrate)
    metrics = {**_figures(scale, select, test), WIDENING: round(widening, 2)}
    predicted = scale.expected(test.probabilities)
    metrics["test_interval_coverage"] = round(measured_coverage(interval, predicted, test.months), 4)
    metrics["test_distribution_coverage"] = round(float(inside(scale, test, widening).mean()), 4)
    return replace(draft, interval=interval, metrics=metrics)


def fit_widening(scale: AgeScale, held_out: Told) -> float:
    """Months by which intervals of the distribution have to grow on each side to hold 95 % of ages.

    Conformalised quantile regression (Romano et al. 2019): the quantile of how far ages lie outside, or inside where
    it is negative, with their finite-sample rank.
    """
    low, high = bounds(scale, held_out.probabilities)
    outside = np.sort(np.maximum(low - held_out.months, held_out.months - high))
    rank = min(len(outside), int(np.ceil((len(outside) + 1) * COVERAGE)))
    return float(outside[rank - 1])


def bounds(scale: AgeScale, probabilities: Probabilities, widening: float = 0.0) -> tuple[Months, Months]:
    """(N,) lower and upper months of the central 95 % of each distribution, widened, never below zero or crossed."""
    tail = (1 - COVERAGE) / 2
    low = scale.quantiles(probabilities, tail) - widening
    high = scale.quantiles(probabilities, 1 - tail) + widening
    middle = (low + high) / 2
    return np.maximum(np.minimum(low, middle), 0), np.maximum(high, middle)


def inside(scale: AgeScale, told: Told, widening: float) -> NDArray[np.bool_]:
    """(N,) whether the age lies in its interval."""
    low, high = bounds(scale, told.probabilities, widening)
    return np.asarray((low <= told.months) & (told.months <= high))


def _figures(scale: AgeScale, select: Told, test: Told) -> dict[str, Any]:
    select_row, test_row = (summarise("", scale.expected(t.probabilities), t.months) for t in (select, test))
    right = test.probabilities.argmax(1) == scale.classes_of(test.months)
    return {
        "select_mae_months": round(select_row.mae.value, 3),
        "test_images": test_row.count,
        "test_mae_months": round(test_row.mae.value, 3),
        "test_mae_95ci_months": [round(test_row.mae.low, 3), round(test_row.mae.high, 3)],
        "test_accuracy": round(float(right.mean()), 4),
    }
