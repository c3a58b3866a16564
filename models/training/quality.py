"""The training of a classifier of quality: cross-entropy of its classes (BoNet+ 3.3.1)."""

from pathlib import Path

import numpy as np
import torch
from torch.nn.functional import cross_entropy
from torch.utils.data import DataLoader, TensorDataset

from models.data.augment import change_tone
from models.data.batches import EpochOrder
from models.preprocess import shrink
from models.quality.classified import ClassifiedFrames
from models.quality.classifying import classify
from models.training.fresh import fresh
from models.training.loop import Loop
from models.training.quality_recipe import QualityRecipe

Batch = list[torch.Tensor]
"""Frames (B, 299, 299) uint8 and their classes (B,) int64."""


class QualityTrainer(Loop[Batch]):
    """Trains one recipe in one folder; the epoch that is surest of the select split's classes counts."""

    def __init__(
        self, recipe: QualityRecipe, train_set: ClassifiedFrames, select_set: ClassifiedFrames, folder: Path,
        device: str,
    ) -> None:  # fmt: skip
        self.recipe, self.train_set, self.select_set = recipe, train_set, select_set
        network, optimiser = fresh(recipe, device)
        order = EpochOrder(len(train_set), recipe.seed)
        items = TensorDataset(torch.from_numpy(train_set.frames), torch.from_numpy(train_set.classes))
        batches: DataLoader[tuple[torch.Tensor, ...]] = DataLoader(
            items, recipe.batch_size, sampler=order, drop_last=len(items) > recipe.batch_size
        )
        super().__init__(recipe, network, optimiser, batches, order, folder, device)

    def loss(self, batch: Batch, generator: torch.Generator) -> torch.Tensor:
        """Cross-entropy, over the batch.

        Images are mirrored and change their tone, but are never resampled: how fine they are is what is to be told.
        """
        images = shrink(batch[0].float()[:, None] / 255, self.recipe.input_size)
        turned = torch.rand(len(images), generator=generator) < 0.5
        images = torch.where(turned[:, None, None, None], images.flip(3), images)
        images = change_tone(images, self.recipe.augmentation, generator)
        with torch.autocast(torch.device(self.device).type, torch.bfloat16):
            logits = self.network(images.to(self.device, memory_format=torch.channels_last))
        return cross_entropy(logits.float(), batch[1].to(self.device))

    def measured(self) -> tuple[float, dict[str, float]]:
        """The geometric mean of the right classes' probabilities, and the share where that is the likeliest."""
        found = classify(self.average.module, self.select_set.frames, self.recipe.input_size, device=self.device)
        classes = self.select_set.classes
        of_right = found[np.arange(len(classes)), classes].clip(1e-9, 1)
        weight, share = float(np.exp(np.log(of_right).mean())), float((found.argmax(1) == classes).mean())
        return weight, {"select_weight": round(weight, 4), "select_accuracy": round(share, 4)}
