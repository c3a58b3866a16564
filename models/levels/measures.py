"""What the card of a grader of thirteen bones says of how well it does: on the select split, and once on the test's."""

from dataclasses import replace
from pathlib import Path

import numpy as np

from models.card import Card
from models.data.labels import Split
from models.levels.grading import grade
from models.levels.hands import load_graded
from models.registry import LoadedModel


def of_grader(draft: Card, loaded: LoadedModel, data: Path | None, cache: Path | None, device: str) -> Card:
    """The card with shares of right levels, and of those within one."""
    hands = load_graded(data, draft.input_size, cache)
    metrics: dict[str, float] = {}
    for split in (Split.SELECT, Split.TEST):
        measured = hands.take(split)
        found = grade(loaded.network, measured.crops, draft.input_size, device=device)
        off = np.abs(found.argmax(2) - measured.levels)
        metrics |= {
            f"{split}_hands": len(measured),
            f"{split}_level_accuracy": round(float((off == 0).mean()), 4),
            f"{split}_levels_within_one": round(float((off <= 1).mean()), 4),
        }
    return replace(draft, metrics=metrics)
