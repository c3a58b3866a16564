"""The training of a reader of single bones: the mean absolute error of all bones that were found."""

from pathlib import Path

import numpy as np
import torch
from torch.utils.data import DataLoader, TensorDataset

from models.bones.crops import cut
from models.bones.places import BoneSet
from models.bones.reading import read_bones
from models.data.augment import affine_matrices, change_tone
from models.data.batches import EpochOrder
from models.detection.anatomy import RUS_BONES
from models.training.bone_ages_recipe import BoneAgesRecipe
from models.training.fresh import fresh
from models.training.loop import Loop

Batch = list[torch.Tensor]
"""Frames (B, 299, 299) uint8, places (B, 13, 4), male (B,) bool and months (B,) float32."""


class BoneAgesTrainer(Loop[Batch]):
    """Trains one recipe in one folder; the epoch with the least error of the select split's bones counts."""

    def __init__(
        self, recipe: BoneAgesRecipe, train_set: BoneSet, select_set: BoneSet, folder: Path, device: str
    ) -> None:
        self.recipe, self.train_set, self.select_set = recipe, train_set, select_set
        network, optimiser = fresh(recipe, device)
        order = EpochOrder(len(train_set), recipe.seed)
        items = TensorDataset(*_tensors(train_set))
        batches: DataLoader[tuple[torch.Tensor, ...]] = DataLoader(
            items, recipe.batch_size, sampler=order, drop_last=len(items) > recipe.batch_size
        )
        super().__init__(recipe, network, optimiser, batches, order, folder, device)

    def loss(self, batch: Batch, generator: torch.Generator) -> torch.Tensor:
        """Mean absolute error in months over the bones drawn, each moved and changed in tone by itself."""
        frames, places, male, months = batch
        places = _drawn(places, self.recipe.each, generator)
        count = int((~places.isnan().any(2)).sum())
        matrices = affine_matrices(count, self.recipe.augmentation, generator)
        images = frames.to(self.device).float()[:, None] / 255
        crops, index = cut(images, places, self.recipe.input_size, matrices)
        crops = change_tone(crops, self.recipe.augmentation, generator)
        owner, bone = index // len(RUS_BONES), (index % len(RUS_BONES)).to(self.device)
        with torch.autocast(torch.device(self.device).type, torch.bfloat16):
            said = self.network(crops.contiguous(memory_format=torch.channels_last), bone, male[owner].to(self.device))
        return (said.float() - months[owner].to(self.device)).abs().sum() / max(count, 1)

    def measured(self) -> tuple[float, dict[str, float]]:
        """1 / (1 + the mean of the bones' errors in months); logged are that mean and the best and the worst bone's."""
        said = read_bones(self.average.module, self.select_set, self.recipe.input_size, device=self.device)
        errors = np.abs(said - self.select_set.months[:, None])
        of_bones = [float(each[~np.isnan(each)].mean()) for each in errors.T if not np.isnan(each).all()]
        if not of_bones:
            raise ValueError("no bone is found in any image of the select split; give weights that find bones")
        mean = float(np.mean(of_bones))
        figures = {"select_mae": mean, "select_best_bone": min(of_bones), "select_worst_bone": max(of_bones)}
        return 1 / (1 + mean), {name: round(value, 3) for name, value in figures.items()}


def _tensors(bones: BoneSet) -> tuple[torch.Tensor, ...]:
    return (
        torch.from_numpy(bones.radiographs.frames),
        torch.from_numpy(bones.places),
        torch.from_numpy(bones.male),
        torch.from_numpy(bones.months).float(),
    )


def _drawn(places: torch.Tensor, each: int, generator: torch.Generator) -> torch.Tensor:
    """The places with those of all but so many bones of each hand made NaN."""
    if each >= places.shape[1]:
        return places
    ranks = torch.rand(places.shape[:2], generator=generator).argsort(1).argsort(1)
    return torch.where((ranks < each)[:, :, None], places, torch.nan)
