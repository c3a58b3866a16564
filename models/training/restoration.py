"""The training of a network that improves poor images: the mean absolute error of its pixels.

The paper names no loss; the absolute error leaves edges sharper than the squared one.
"""

from pathlib import Path

import torch
from torch.utils.data import DataLoader, TensorDataset

from models.data.batches import EpochOrder
from models.quality.improving import psnr_db, residuals
from models.quality.pairs import Pairs
from models.training.fresh import fresh
from models.training.loop import Loop
from models.training.quality_recipe import RestorationRecipe

Batch = list[torch.Tensor]
"""Poor and clean images, (B, S, S) uint8 each."""


class RestorationTrainer(Loop[Batch]):
    """Trains one recipe in one folder; the epoch nearest to the select split's clean images counts."""

    def __init__(
        self, recipe: RestorationRecipe, train_set: Pairs, select_set: Pairs, folder: Path, device: str
    ) -> None:
        self.recipe, self.train_set, self.select_set = recipe, train_set, select_set
        network, optimiser = fresh(recipe, device)
        order = EpochOrder(len(train_set), recipe.seed)
        items = TensorDataset(torch.from_numpy(train_set.poor), torch.from_numpy(train_set.clean))
        batches: DataLoader[tuple[torch.Tensor, ...]] = DataLoader(
            items, recipe.batch_size, sampler=order, drop_last=len(items) > recipe.batch_size
        )
        super().__init__(recipe, network, optimiser, batches, order, folder, device)

    def loss(self, batch: Batch, generator: torch.Generator) -> torch.Tensor:
        """Mean absolute error of the improved pieces, over the batch; half of the batches are mirrored."""
        both = self._cropped(torch.stack(batch, 1), generator)
        both = both.flip(3) if torch.rand(1, generator=generator) < 0.5 else both
        poor, clean = (both[:, n : n + 1].float().to(self.device) / 255 for n in (0, 1))
        with torch.autocast(torch.device(self.device).type, torch.bfloat16):
            added = self.network(poor.contiguous(memory_format=torch.channels_last))
        return (poor + added.float() - clean).abs().mean()

    def _cropped(self, both: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
        side = self.recipe.crop
        if side is None:
            return both
        places = torch.randint(both.shape[2] - side + 1, (len(both), 2), generator=generator).tolist()
        cut = [image[:, y : y + side, x : x + side] for image, (y, x) in zip(both, places, strict=True)]
        return torch.stack(cut)

    def measured(self) -> tuple[float, dict[str, float]]:
        """PSNR of all improved images of the select split together, beside that of the poor ones."""
        poor, clean = (
            torch.from_numpy(each).float()[:, None] / 255 for each in (self.select_set.poor, self.select_set.clean)
        )
        improved = (poor + residuals(self.average.module, poor.to(self.device)).cpu()).clamp(0, 1)
        before, after = (psnr_db(each.numpy(), clean.numpy()) for each in (poor, improved))
        return after, {"select_psnr_db": round(after, 3), "untreated_psnr_db": round(before, 3)}
