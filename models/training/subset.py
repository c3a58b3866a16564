"""The part of a set of radiographs that a recipe takes."""

from collections.abc import Sequence

import torch

from models.data.frames import Radiographs
from models.data.labels import Label, Split
from models.training.recipe import Recipe


def chosen(radiographs: Radiographs, split: Split, recipe: Recipe, limit: int | None = None) -> Radiographs:
    """Those of a split; of the training split as the recipe says. limit: the first so many of them."""
    if split is Split.TRAIN:
        return radiographs.at(training_indices(radiographs.labels, recipe)[:limit])
    return radiographs.take([split], limit=limit)


def training_indices(labels: Sequence[Label], recipe: Recipe) -> list[int]:
    """Where in the labels the recipe's training images stand, in order: those of its folds, and of these its number.

    Of one seed, fewer images are always among more. Raises ValueError where there are none or not as many.
    """
    indices = [
        n
        for n, label in enumerate(labels)
        if label.split is Split.TRAIN and (recipe.folds is None or label.fold in recipe.folds)
    ]
    if not indices:
        raise ValueError(f"{recipe.name}: no radiographs to train on{_of(recipe)}")
    if recipe.images is None:
        return indices
    if recipe.images > len(indices):
        raise ValueError(f"{recipe.name}: images is {recipe.images}, but there are only {len(indices)}{_of(recipe)}")
    order = torch.randperm(len(indices), generator=torch.Generator().manual_seed(recipe.seed))
    return sorted(indices[n] for n in order[: recipe.images].tolist())


def _of(recipe: Recipe) -> str:
    return "" if recipe.folds is None else f" in folds {', '.join(map(str, recipe.folds))}"
