"""The learning rate and the time that is left, as pure functions of progress."""

import math

from models.training.recipe import Recipe


def learning_rate(progress: float, *, highest: float, warmup_share: float) -> float:
    """Linear rise over the first warmup_share of the steps, then a half cosine to zero. progress: 0 to 1."""
    if progress < warmup_share:
        return highest * (progress + 1e-3) / (warmup_share + 1e-3)
    rest = (progress - warmup_share) / max(1e-9, 1 - warmup_share)
    return highest * 0.5 * (1 + math.cos(math.pi * min(1.0, rest)))


def seconds_left(recipe: Recipe, epochs_done: int, seconds: float) -> float:
    """Of the epochs that are left, by the seconds of the last one; an epoch takes time as its pixels."""
    last = recipe.size_at(epochs_done - 1) ** 2
    return sum(seconds * recipe.size_at(epoch) ** 2 / last for epoch in range(epochs_done, recipe.epochs))
