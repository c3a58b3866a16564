"""The training of IntervalNet: cross-entropy of the classes (V.2; eq. 1 is misprinted), stopped early."""

from pathlib import Path

import numpy as np
import torch
from ignite.engine import Engine
from torch.nn.functional import cross_entropy
from torch.utils.data import DataLoader, TensorDataset

from models.data.augment import augment
from models.data.batches import EpochOrder
from models.interval_net.classed import ClassedFrames
from models.interval_net.classifying import classify_ages
from models.training.curves import read_log
from models.training.fresh import fresh
from models.training.interval_net_recipe import IntervalRecipe
from models.training.loop import Loop

Batch = list[torch.Tensor]
"""Frames (B, S, S) uint8, sexes (B,) float32 and classes (B,) int64."""


class IntervalTrainer(Loop[Batch]):
    """Trains one recipe in one folder; the epoch with the lowest cross-entropy on the select split counts."""

    def __init__(
        self, recipe: IntervalRecipe, train_set: ClassedFrames, select_set: ClassedFrames, folder: Path, device: str
    ) -> None:
        self.recipe, self.train_set, self.select_set = recipe, train_set, select_set
        self.scale = recipe.known_scale
        network, optimiser = fresh(recipe, device)
        order = EpochOrder(len(train_set), recipe.seed)
        classes = torch.from_numpy(self.scale.classes_of(train_set.months))
        items = TensorDataset(torch.from_numpy(train_set.frames), torch.from_numpy(train_set.male), classes)
        batches: DataLoader[tuple[torch.Tensor, ...]] = DataLoader(
            items, recipe.batch_size, sampler=order, drop_last=len(items) > recipe.batch_size
        )
        super().__init__(recipe, network, optimiser, batches, order, folder, device)

    def loss(self, batch: Batch, generator: torch.Generator) -> torch.Tensor:
        """Cross-entropy, over the batch."""
        images = augment(batch[0].float()[:, None] / 255, self.recipe.input_size, self.recipe.augmentation, generator)
        output = self.network(images.to(self.device, memory_format=torch.channels_last), batch[1].to(self.device))
        classes = batch[2].to(self.device)
        self.right += int((output.logits.argmax(1) == classes).sum())
        self.seen += len(classes)
        return cross_entropy(output.logits, classes)

    def measured(self) -> tuple[float, dict[str, float]]:
        """The geometric mean of the right classes' probabilities, which is highest where the cross-entropy is lowest.

        Logged besides: shares of images whose likeliest class is right, of training images as they were augmented.
        """
        found = classify_ages(
            self.average.module, self.select_set.frames, self.select_set.male, self.recipe.input_size,
            device=self.device,
        )  # fmt: skip
        months = self.select_set.months
        classes = self.scale.classes_of(months)
        loss = float(-np.log(found[np.arange(len(classes)), classes].clip(1e-12, 1)).mean())
        error = np.abs(self.scale.expected(found) - months).mean()
        return float(np.exp(-loss)), {
            "train_accuracy": round(self.right / max(1, self.seen), 4),
            "select_loss": round(loss, 4),
            "select_accuracy": round(float((found.argmax(1) == classes).mean()), 4),
            "select_mae": round(float(error), 3),
            "size": self.recipe.input_size,
        }

    def rate(self, progress: float) -> float:
        """As the recipe says: constant as published, or rising and falling."""
        return self.recipe.learning_rate if self.recipe.constant_rate else super().rate(progress)

    def finished(self) -> bool:
        """Also where the last epochs, as many as the recipe's patience, were no better than one before them."""
        return super().finished() or (
            self.recipe.patience is not None and self.epochs_done > 0 and self._stale() >= self.recipe.patience
        )

    def _stale(self) -> int:
        """Epochs since the one with the lowest cross-entropy, by the log, which outlives a stop."""
        losses = {row["epoch"]: row["select_loss"] for row in read_log(self.folder) if "select_loss" in row}
        known = {epoch: loss for epoch, loss in losses.items() if epoch <= self.epochs_done}
        return self.epochs_done - min(known, key=lambda epoch: (known[epoch], epoch)) if known else 0

    def _epoch_started(self, engine: Engine) -> None:
        super()._epoch_started(engine)
        self.right = self.seen = 0
