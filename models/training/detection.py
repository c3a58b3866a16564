"""The training of a detector: the losses of the network's own heads."""

from pathlib import Path

import torch

from models.data.batches import EpochOrder
from models.detection.batches import MarkedBatch, MarkedDataset, augment_marked, marked_batches
from models.detection.finding import find
from models.detection.marked import MarkedRadiographs
from models.detection.measures import Figures, measure
from models.training.detection_recipe import DetectionRecipe
from models.training.fresh import fresh
from models.training.loop import Loop


class DetectionTrainer(Loop[MarkedBatch]):
    """Trains one recipe in one folder; the epoch with the best AP@0.5:0.95 on the select split counts."""

    def __init__(
        self,
        recipe: DetectionRecipe,
        train_set: MarkedRadiographs,
        select_set: MarkedRadiographs,
        folder: Path,
        device: str,
    ) -> None:
        self.recipe, self.train_set, self.select_set = recipe, train_set, select_set
        network, optimiser = fresh(recipe, device)
        order = EpochOrder(len(train_set), recipe.seed)
        batches = marked_batches(MarkedDataset(train_set), recipe.batch_size, order)
        super().__init__(recipe, network, optimiser, batches, order, folder, device)

    def loss(self, batch: MarkedBatch, generator: torch.Generator) -> torch.Tensor:
        """The sum of the heads' losses; proposals are sampled by torch's own generator."""
        images, targets = augment_marked(batch, self.recipe.input_size, self.recipe.augmentation, generator)
        targets = [{key: value.to(self.device) for key, value in target.items()} for target in targets]
        losses = self.network(images.to(self.device, memory_format=torch.channels_last), targets)
        return torch.stack(list(losses.values())).sum()

    def measured(self) -> tuple[float, dict[str, float]]:
        """AP and mean IoU."""
        figures = self.figures()
        row = {"select_ap_50_95": round(figures.ap_50_95, 4), "select_mean_iou": round(figures.mean_iou, 4)}
        return figures.ap_50_95, row

    def figures(self) -> Figures:
        """Of the average on the select split."""
        frames = self.select_set.radiographs.frames
        found = find(self.average.module, frames, self.recipe.input_size, device=self.device)
        return measure(found, self.select_set.truth(), self.recipe.marks.classes)
