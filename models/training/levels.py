"""The training of a grader of thirteen bones: cross-entropy of each bone's levels, rare levels weighing more.

PreciseBAA 4.3: cross-entropy with class weights; crops are turned, scaled and changed in their tone.
"""

from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn.functional import cross_entropy
from torch.utils.data import DataLoader, TensorDataset

from models.data.augment import augment
from models.data.batches import EpochOrder
from models.levels.grading import grade
from models.levels.hands import GradedHands
from models.levels.scale import COUNTS, MOST_LEVELS
from models.training.fresh import fresh_network
from models.training.levels_recipe import LevelsRecipe
from models.training.loop import Loop
from models.training.optimiser import build_optimiser
from models.training.segmentation_recipe import Optimiser

Batch = list[torch.Tensor]
"""Crops (B, 13, S, S) uint8 and levels (B, 13) int64."""


class LevelsTrainer(Loop[Batch]):
    """Trains one recipe in one folder; the epoch that is surest of the select split's levels counts."""

    def __init__(
        self, recipe: LevelsRecipe, train_set: GradedHands, select_set: GradedHands, folder: Path, device: str
    ) -> None:
        self.recipe, self.train_set, self.select_set = recipe, train_set, select_set
        network = fresh_network(recipe, device)
        self.weights = torch.from_numpy(level_weights(train_set.levels, recipe.class_weights)).to(device)
        order = EpochOrder(len(train_set), recipe.seed)
        items = TensorDataset(torch.from_numpy(train_set.crops), torch.from_numpy(train_set.levels))
        batches: DataLoader[tuple[torch.Tensor, ...]] = DataLoader(
            items, recipe.batch_size, sampler=order, drop_last=len(items) > recipe.batch_size
        )
        super().__init__(recipe, network, _optimiser(network, recipe), batches, order, folder, device)

    def loss(self, batch: Batch, generator: torch.Generator) -> torch.Tensor:
        """Mean over bones and hands of the cross-entropy times the level's weight.

        Not divided by the batch's weights: where the batch is small, that would take them back.
        """
        crops, levels = batch[0].to(self.device).float() / 255, batch[1].to(self.device)
        if self.recipe.augmentation.flip:
            mirrored = (torch.rand(len(crops), generator=generator) < 0.5).to(self.device)
            crops = torch.where(mirrored[:, None, None, None], crops.flip(3), crops)
        settings = replace(self.recipe.augmentation, flip=False)
        images = augment(crops.flatten(0, 1)[:, None], self.recipe.input_size, settings, generator)
        with torch.autocast(torch.device(self.device).type, torch.bfloat16, enabled=self.recipe.bfloat16):
            answers = self.network(images.unflatten(0, crops.shape[:2]))
        costs = cross_entropy(answers.float().flatten(0, 1), levels.flatten(), reduction="none").view_as(levels)
        weights = self.weights.expand(len(levels), -1, -1).gather(2, levels[..., None])[..., 0]
        return (costs * weights).mean()

    def measured(self) -> tuple[float, dict[str, float]]:
        """The geometric mean of the right levels' probabilities; shares where that is the likeliest, and within one."""
        found = grade(self.average.module, self.select_set.crops, self.recipe.input_size, device=self.device)
        levels = self.select_set.levels
        of_right = np.take_along_axis(found, levels[..., None], 2).clip(1e-9, 1)
        off = np.abs(found.argmax(2) - levels)
        weight = float(np.exp(np.log(of_right).mean()))
        return weight, {
            "select_weight": round(weight, 4),
            "select_accuracy": round(float((off == 0).mean()), 4),
            "select_within_one": round(float((off <= 1).mean()), 4),
        }


def level_weights(levels: NDArray[np.int64], power: float) -> NDArray[np.float32]:
    """(N, 13) levels -> (13, 15) weights: (1 / share of the hands at this level) ** power; 0 for levels of none.

    Each bone's weights average 1 over the hands. power: 0 weighs all alike, 1 lets each level of a bone weigh the same.
    """
    weights = np.zeros((len(COUNTS), MOST_LEVELS), np.float32)
    for row, own in zip(weights, levels.T, strict=True):
        counts = np.bincount(own, minlength=MOST_LEVELS)
        there = counts > 0
        row[there] = (len(own) / counts[there]) ** power
        row /= (row * counts).sum() / len(own)
    return weights


def _optimiser(network: torch.nn.Module, recipe: LevelsRecipe) -> torch.optim.Optimizer:
    if recipe.optimiser is Optimiser.ADAMW:
        return build_optimiser(network, learning_rate=recipe.learning_rate, weight_decay=recipe.weight_decay)
    return torch.optim.SGD(
        network.parameters(), recipe.learning_rate, momentum=recipe.momentum, weight_decay=recipe.weight_decay
    )
