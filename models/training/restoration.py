"""The training of a network that improves poor images: the mean absolute error of its pixels, and of how they are read.

The paper names no loss; the absolute error leaves edges sharper than the squared one. In a share of the steps a reader
looks at whole images beside, so that what it goes by is worth more than what it overlooks.
"""

from pathlib import Path

import numpy as np
import torch
from torch.utils.data import DataLoader, TensorDataset

from models.data.batches import EpochOrder
from models.quality.as_read import AsRead
from models.quality.improving import psnr_db, residuals, to_multiple
from models.quality.pairs import Pairs
from models.training.fresh import fresh
from models.training.loop import Loop
from models.training.quality_recipe import RestorationRecipe
from models.training.start import Start, require_same_shape

Batch = list[torch.Tensor]
"""Poor and clean images, (B, S, S) uint8 each."""
READ_AT_ONCE = 32


class RestorationTrainer(Loop[Batch]):
    """Trains one recipe in one folder; the epoch nearest to the select split's clean images counts."""

    def __init__(
        self, recipe: RestorationRecipe, train_set: Pairs, select_set: Pairs, folder: Path, device: str,
        as_read: AsRead, start: Start | None = None,
    ) -> None:  # fmt: skip
        self.recipe, self.train_set, self.select_set, self.as_read = recipe, train_set, select_set, as_read
        self.start = start
        network, optimiser = fresh(recipe, device)
        if start is not None:
            require_same_shape(start, recipe.name, network.state_dict())
            network.load_state_dict(start.state)
        order = EpochOrder(len(train_set), recipe.seed)
        items = TensorDataset(torch.from_numpy(train_set.poor), torch.from_numpy(train_set.clean))
        batches: DataLoader[tuple[torch.Tensor, ...]] = DataLoader(
            items, recipe.batch_size, sampler=order, drop_last=len(items) > recipe.batch_size
        )
        self.untreated_months: float | None = None
        super().__init__(recipe, network, optimiser, batches, order, folder, device)

    def loss(self, batch: Batch, generator: torch.Generator) -> torch.Tensor:
        """Mean absolute error of the improved pieces, over the batch; half of the batches are mirrored.

        In a reading step of some whole images instead, and of how one reader, as of either sex, reads them.
        """
        both, reads = torch.stack(batch, 1), self._reads(generator)
        both = both[: self.recipe.reading_images] if reads else self._cropped(both, generator)
        both = both.flip(3) if torch.rand(1, generator=generator) < 0.5 else both
        poor, clean = (both[:, n : n + 1].float().to(self.device) / 255 for n in (0, 1))
        with torch.autocast(torch.device(self.device).type, torch.bfloat16):
            added = _padded(self.network, poor)
        improved = poor + added.float()
        error = (improved - clean).abs().mean()
        return error + self._misread(improved, clean, generator) if reads else error

    def _reads(self, generator: torch.Generator) -> bool:
        """Whether readers look in this step."""
        share = self.recipe.reading_share if self.progress >= self.recipe.reading_from else 0.0
        return share > 0 and float(torch.rand(1, generator=generator)) < share

    def _misread(self, improved: torch.Tensor, clean: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
        """What one reader's distances cost, the mean over the images."""
        which = int(torch.randint(len(self.as_read.readers), (1,), generator=generator))
        male = torch.randint(2, (len(clean),), generator=generator).float().to(self.device)
        with torch.autocast(torch.device(self.device).type, torch.bfloat16):
            apart, months = self.as_read.distances(improved.clamp(0, 1), clean, male, which)
        return self.recipe.reading_weight * apart.mean() + self.recipe.month_weight * months.mean()

    def _cropped(self, both: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
        side = self.recipe.crop
        if side is None:
            return both
        places = torch.randint(both.shape[2] - side + 1, (len(both), 2), generator=generator).tolist()
        cut = [image[:, y : y + side, x : x + side] for image, (y, x) in zip(both, places, strict=True)]
        return torch.stack(cut)

    def measured(self) -> tuple[float, dict[str, float]]:
        """How near the select split's improved images are to the clean ones, beside the poor ones.

        As readers read them where the recipe names some: 100 over a month more than the mean distance; else PSNR of all
        images together.
        """
        poor, clean = (
            torch.from_numpy(each).float()[:, None] / 255 for each in (self.select_set.poor, self.select_set.clean)
        )
        improved = (poor + residuals(self.average.module, poor.to(self.device)).cpu()).clamp(0, 1)
        before, after = (psnr_db(each.numpy(), clean.numpy()) for each in (poor, improved))
        figures = {"select_psnr_db": round(after, 3), "untreated_psnr_db": round(before, 3)}
        if not self.as_read.readers:
            return after, figures
        misread = self._distance(improved, clean)
        if self.untreated_months is None:
            self.untreated_months = self._distance(poor, clean)
        figures |= {
            "select_misread_months": round(misread, 3), "untreated_misread_months": round(self.untreated_months, 3),
        }  # fmt: skip
        return 100 / (1 + misread), figures

    @torch.inference_mode()
    def _distance(self, images: torch.Tensor, clean: torch.Tensor) -> float:
        """Months, the mean over images and readers; every other image as of a boy."""
        found = []
        for which in range(len(self.as_read.readers)):
            for start in range(0, len(images), READ_AT_ONCE):
                rows = slice(start, start + READ_AT_ONCE)
                male = torch.arange(len(images[rows])).remainder(2).float().to(self.device)
                improved, truth = images[rows].to(self.device), clean[rows].to(self.device)
                found.append(self.as_read.distances(improved, truth, male, which)[1].cpu().numpy())
        return float(np.concatenate(found).mean())


def _padded(network: torch.nn.Module, images: torch.Tensor) -> torch.Tensor:
    """The network's answer, of images of any side."""
    side = images.shape[-1]
    answer: torch.Tensor = network(to_multiple(images).contiguous(memory_format=torch.channels_last))
    return answer[..., :side, :side]
