"""What a detector of bones learns from beside the marked radiographs: others, marked by a detector before it."""

from collections.abc import Container, Sequence, Set
from pathlib import Path

import numpy as np

from models.data.labels import TRAINING_FOLDS, Label
from models.data.radiographs import load_radiographs
from models.detection.marked import MarkedRadiographs, load_all_marked
from models.detection.pseudo_marks import mark_hands
from models.training.detection_recipe import DetectionRecipe
from models.training.detection_weights import trained_detector

YOUNGEST_TAUGHT_MONTHS = 64
"""The youngest hand of set881."""
MOST_LOOKED_AT = 2
"""Radiographs looked at for each that is wanted."""


def taught_radiographs(
    recipe: DetectionRecipe, data: Path, teacher: Path, *, limit: int | None = None, cache: Path | None = None
) -> MarkedRadiographs:
    """Radiographs of the training folds that nobody marked, marked by the teacher's run; in an order of the seed.

    Children below YOUNGEST_TAUGHT_MONTHS are left out: no bone of theirs was ever marked, and the teacher would guess.
    Raises ValueError where the teacher's run has no weights.
    """
    marked = load_all_marked(data, recipe.marks, cache).radiographs.labels
    everything = load_radiographs(data, cache)
    unmarked = teachable(everything.labels, {label.id for label in marked}, recipe.folds or TRAINING_FOLDS)
    order = np.random.default_rng(recipe.seed).permutation(unmarked)[: MOST_LOOKED_AT * recipe.taught]
    trained = trained_detector(teacher)
    unread = everything.at(order.tolist())
    return mark_hands(trained.network, trained.recipe.input_size, unread, limit or recipe.taught)


def teachable(labels: Sequence[Label], marked: Set[int], folds: Container[int]) -> list[int]:
    """Indices of the labels of these folds that are not marked and old enough."""
    return [
        n
        for n, label in enumerate(labels)
        if label.fold in folds and label.id not in marked and label.bone_age_months >= YOUNGEST_TAUGHT_MONTHS
    ]
