"""The training of a judge of plausibility: cross-entropy of its verdicts."""

from pathlib import Path

import numpy as np
import torch
from torch.nn.functional import cross_entropy

from models.data.augment import augment
from models.data.batches import Batch, EpochOrder
from models.plausibility.batches import JudgedDataset, judged_batches
from models.plausibility.judged import JudgedFrames
from models.plausibility.judging import judge
from models.training.fresh import fresh
from models.training.loop import Loop
from models.training.plausibility_recipe import PlausibilityRecipe


class PlausibilityTrainer(Loop[Batch]):
    """Trains one recipe in one folder; the epoch that is surest of the select split's right verdicts counts."""

    def __init__(
        self, recipe: PlausibilityRecipe, train_set: JudgedFrames, select_set: JudgedFrames, folder: Path, device: str
    ) -> None:
        self.recipe, self.train_set, self.select_set = recipe, train_set, select_set
        network, optimiser = fresh(recipe, device)
        order = EpochOrder(len(train_set), recipe.seed)
        batches = judged_batches(JudgedDataset(train_set), recipe.batch_size, order)
        super().__init__(recipe, network, optimiser, batches, order, folder, device)

    def loss(self, batch: Batch, generator: torch.Generator) -> torch.Tensor:
        """Cross-entropy, over the batch."""
        images = augment(batch["image"], self.recipe.input_size, self.recipe.augmentation, generator)
        logits = self.network(images.to(self.device, memory_format=torch.channels_last))
        return cross_entropy(logits, batch["verdict"].to(self.device))

    def measured(self) -> tuple[float, dict[str, float]]:
        """The geometric mean of the right verdicts' probabilities, and the share where that is the likeliest."""
        probabilities = judge(self.average.module, self.select_set.frames, self.recipe.input_size, device=self.device)
        verdicts = self.select_set.verdicts
        of_right = probabilities[np.arange(len(verdicts)), verdicts].clip(1e-9, 1)
        weight, share = float(np.exp(np.log(of_right).mean())), float((probabilities.argmax(1) == verdicts).mean())
        return weight, {"select_weight": round(weight, 4), "select_accuracy": round(share, 4)}
