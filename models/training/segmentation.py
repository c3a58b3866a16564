"""The training of a segmenter: Dice and cross-entropy of each pixel, after PreciseBAA's U-Net.

The paper names no loss; the Dice loss (Milletari et al. 2016) keeps a small hand from being lost in its background.
"""

from pathlib import Path

import torch
from monai.losses import DiceCELoss

from models.data.batches import Batch, EpochOrder
from models.evaluation.segmentation import dice
from models.segmentation.batches import MaskedDataset, augment_masked, masked_batches
from models.segmentation.masked import MaskedFrames
from models.segmentation.segmenting import segment
from models.training.fresh import fresh_network
from models.training.loop import Loop
from models.training.optimiser import build_optimiser
from models.training.segmentation_recipe import Optimiser, SegmentationRecipe


class SegmentationTrainer(Loop[Batch]):
    """Trains one recipe in one folder; the epoch with the best mean Dice on the select split counts."""

    def __init__(
        self, recipe: SegmentationRecipe, train_set: MaskedFrames, select_set: MaskedFrames, folder: Path, device: str
    ) -> None:
        self.recipe, self.train_set, self.select_set = recipe, train_set, select_set
        self.dice_and_cross_entropy = DiceCELoss(sigmoid=True)
        network = fresh_network(recipe, device)
        order = EpochOrder(len(train_set), recipe.seed)
        batches = masked_batches(MaskedDataset(train_set), recipe.batch_size, order)
        super().__init__(recipe, network, _optimiser(network, recipe), batches, order, folder, device)

    def loss(self, batch: Batch, generator: torch.Generator) -> torch.Tensor:
        """Dice loss and cross-entropy of the logits, in equal parts."""
        images, masks = augment_masked(batch, self.recipe.input_size, self.recipe.augmentation, generator)
        images = images.to(self.device, memory_format=torch.channels_last)
        with torch.autocast(torch.device(self.device).type, torch.bfloat16, enabled=self.recipe.bfloat16):
            logits = self.network(images)
        loss: torch.Tensor = self.dice_and_cross_entropy(logits.float(), masks.to(self.device))
        return loss

    def measured(self) -> tuple[float, dict[str, float]]:
        """Mean Dice of the answers as they come, and the lowest."""
        frames, size = self.select_set.frames, self.recipe.input_size
        overlap = dice(segment(self.average.module, frames, size, device=self.device), self.select_set.masks)
        mean, lowest = float(overlap.mean()), float(overlap.min())
        return mean, {"select_dice": round(mean, 4), "select_lowest_dice": round(lowest, 4)}


def _optimiser(network: torch.nn.Module, recipe: SegmentationRecipe) -> torch.optim.Optimizer:
    if recipe.optimiser is Optimiser.ADAMW:
        return build_optimiser(network, learning_rate=recipe.learning_rate, weight_decay=recipe.weight_decay)
    return torch.optim.SGD(
        network.parameters(), recipe.learning_rate, momentum=recipe.momentum, weight_decay=recipe.weight_decay
    )
