"""What the card of a grader of thirteen bones says of how well it does: on the select split, and once on the test's."""

from dataclasses import replace
from pathlib import Path
from typing import cast

import numpy as np

from models.card import Card
from models.data.labels import Split
from models.levels.curve import age_of_levels
from models.levels.grading import Probabilities, grade
from models.levels.hands import GradedHands, load_graded
from models.levels.scale import Sex
from models.registry import LoadedModel


def of_grader(draft: Card, loaded: LoadedModel, data: Path | None, cache: Path | None, device: str) -> Card:
    """The card with shares of right levels and of those within one, and the error of the bone age that follows."""
    hands = load_graded(data, draft.input_size, cache)
    metrics: dict[str, float] = {}
    for split in (Split.SELECT, Split.TEST):
        measured = hands.take(split)
        found = grade(loaded.network, measured.crops, draft.input_size, device=device)
        metrics |= {f"{split}_{name}": value for name, value in _figures(found, measured).items()}
    return replace(draft, metrics=metrics)


def _figures(found: Probabilities, hands: GradedHands) -> dict[str, float]:
    off = np.abs(found.argmax(2) - hands.levels)
    ages = [age_of_levels(each, cast(Sex, label.sex)) for each, label in zip(found, hands.labels, strict=True)]
    truth = [label.bone_age_months for label in hands.labels]
    errors = [age.months - months for age, months in zip(ages, truth, strict=True)]
    inside = [age.low_months <= months <= age.high_months for age, months in zip(ages, truth, strict=True)]
    return {
        "hands": len(hands),
        "level_accuracy": round(float((off == 0).mean()), 4),
        "levels_within_one": round(float((off <= 1).mean()), 4),
        "mae_months": round(float(np.abs(errors).mean()), 3),
        "interval_coverage": round(float(np.mean(inside)), 4),
    }
