"""The trainings of DIIBAA's networks, one class a kind: what a batch costs, and what the select split says."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Generic, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torch.nn.functional import binary_cross_entropy_with_logits, cross_entropy, one_hot

from models.data.augment import augment
from models.diibaa.batches import GroupOrder, row_batches
from models.diibaa.frames import StagedFrames
from models.diibaa.judged import mean_share, shares_told
from models.diibaa.mixup import mixed, unmixed
from models.diibaa.pairs import pairs_of, perturb
from models.diibaa.reading import (
    ages_of,
    normalised,
    reconstruction_db,
    scored,
    scores_of,
    told_by,
    unstaged_ages,
    whole_range,
)
from models.diibaa.stages import STAGES
from models.training.diibaa_recipe import (
    AutoencodersPart,
    ClassifierPart,
    DiibaaPart,
    RegressorsPart,
    ScoringPart,
    UnstagedPart,
)
from models.training.fresh import fresh
from models.training.loop import Loop

Part = TypeVar("Part", bound=DiibaaPart)
Batch = list[torch.Tensor]
"""One tensor: (B,) int64 rows of what is trained on."""
Measured = tuple[float, dict[str, float]]


class PartTrainer(Loop[Batch], Generic[Part]):
    """Trains one part in one folder. groups: (N,) int64, a row each; a batch is of one group. repeats: `GroupOrder`."""

    def __init__(
        self, recipe: Part, train_set: StagedFrames, select_set: StagedFrames, folder: Path, device: str,
        groups: NDArray[np.int64] | None = None, repeats: int = 1,
    ) -> None:  # fmt: skip
        self.recipe, self.train_set, self.select_set = recipe, train_set, select_set
        self.male, self.stages = torch.from_numpy(train_set.male), torch.from_numpy(train_set.stages)
        network, optimiser = fresh(recipe, device)
        rows = np.zeros(len(train_set), np.int64) if groups is None else groups
        order = GroupOrder(rows, recipe.batch_size, recipe.seed, repeats)
        super().__init__(recipe, network, optimiser, row_batches(order), order, folder, device)

    def images(self, frames: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
        """Augmented, on the device: (B, 1, s, s) float32 in [0, 1] -> (B, 1, S, S)."""
        seen = augment(frames, self.recipe.input_size, self.recipe.augmentation, generator)
        return seen.to(self.device, memory_format=torch.channels_last)

    def plain(self, places: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
        """As `images`, of the images at some places."""
        return self.images(self.train_set.frames[places].float()[:, None] / 255, generator)

    def autocast(self) -> torch.autocast:
        return torch.autocast(torch.device(self.device).type, torch.bfloat16, enabled=self.recipe.bfloat16)

    def _of_told(self, told: NDArray[np.int64]) -> Measured:
        """The mean of the stages' shares, so that rare stages count as the common one."""
        shares = shares_told(told, self.select_set.stages)
        named = {
            f"select_{stage}": round(each, 4) for stage, each in zip(STAGES, shares, strict=True) if each is not None
        }
        return mean_share(told, self.select_set.stages), named

    def _of_ages(self, months: NDArray[np.float64]) -> Measured:
        error = float(np.abs(months - self.select_set.months).mean())
        return 1 / (1 + error), {"select_mae": round(error, 3)}


class AutoencodersTrainer(PartTrainer[AutoencodersPart]):
    """The squared error of reconstructions (the paper names no loss); a batch is of one autoencoder alone."""

    def __init__(
        self, recipe: AutoencodersPart, train_set: StagedFrames, select_set: StagedFrames, folder: Path, device: str
    ) -> None:
        pairs = pairs_of(train_set.stages, recipe.others_share, recipe.seed)
        self.places, self.whose = torch.from_numpy(pairs.images), torch.from_numpy(pairs.autoencoders)
        self.perturbed = torch.from_numpy(pairs.perturbed)
        super().__init__(recipe, train_set, select_set, folder, device, pairs.autoencoders, recipe.repeats)

    def loss(self, batch: Batch, generator: torch.Generator) -> torch.Tensor:
        images = self.plain(self.places[batch[0]], generator)
        noisy = perturb(images, self.recipe.snr_db, generator)
        perturbed = self.perturbed[batch[0]][:, None, None, None].to(self.device)
        with self.autocast():
            made = self.network(images, int(self.whose[batch[0][0]]))
        return (made - torch.where(perturbed, noisy, images)).square().mean()

    def measured(self) -> Measured:
        """PSNR in dB of each stage by its own autoencoder, and the mean over stages."""
        found = reconstruction_db(self.average.module, self.select_set, self.device)
        stages = self.select_set.stages
        own = {stage: found[stages == n, n] for n, stage in enumerate(STAGES)}
        means = {f"select_psnr_{stage}": round(float(each.mean()), 3) for stage, each in own.items() if len(each)}
        return float(np.mean(list(means.values()))), means


class ScoringTrainer(PartTrainer[ScoringPart]):
    """Binary cross-entropy of T = 1 and F = 0: each image makes one T and two F (eqs. 1, 2)."""

    def __init__(
        self, recipe: ScoringPart, train_set: StagedFrames, select_set: StagedFrames, folder: Path, device: str,
        autoencoders: nn.Module,
    ) -> None:  # fmt: skip
        super().__init__(recipe, train_set, select_set, folder, device)
        self.autoencoders = autoencoders.to(device).eval().requires_grad_(False)
        self.weights = stage_weights(self.stages, recipe.stage_weights)

    def loss(self, batch: Batch, generator: torch.Generator) -> torch.Tensor:
        images, male = self.plain(batch[0], generator), self.male[batch[0]].to(self.device)
        with self.autocast():
            logits = scored(self.autoencoders, self.network, images, male)
        own = one_hot(self.stages[batch[0]], len(STAGES)).float()
        weights = self.weights[batch[0]].to(self.device)[:, None]
        return binary_cross_entropy_with_logits(logits.float(), own.to(self.device), weights)

    def measured(self) -> Measured:
        """Of the first branch: the mean of the stages' shares told."""
        return self._of_told(scores_of(self.autoencoders, self.average.module, self.select_set, self.device).argmax(1))


class ClassifierTrainer(PartTrainer[ClassifierPart]):
    """Cross-entropy or focal loss of the stages, of images as they are or with mixtures."""

    def __init__(
        self, recipe: ClassifierPart, train_set: StagedFrames, select_set: StagedFrames, folder: Path, device: str
    ) -> None:
        self.mixtures = unmixed(len(train_set))
        if recipe.mixup:
            self.mixtures = mixed(train_set.stages, train_set.male, recipe.seed)
        groups = np.zeros(len(self.mixtures), np.int64)
        super().__init__(recipe, train_set, select_set, folder, device, groups)

    def loss(self, batch: Batch, generator: torch.Generator) -> torch.Tensor:
        first = torch.from_numpy(self.mixtures.first)[batch[0]]
        images = self.images(self.mixtures.of(self.train_set.frames, batch[0]), generator)
        with self.autocast():
            logits = self.network(images, self.male[first].to(self.device))
        return focal_loss(logits.float(), self.stages[first].to(self.device), self.recipe.focal_gamma)

    def measured(self) -> Measured:
        """The mean of the stages' shares told."""
        return self._of_told(told_by(self.average.module, self.select_set, self.device))


class RegressorsTrainer(PartTrainer[RegressorsPart]):
    """The absolute error of normalised ages (the paper names no loss); a batch is of one regressor alone."""

    def __init__(
        self, recipe: RegressorsPart, train_set: StagedFrames, select_set: StagedFrames, folder: Path, device: str
    ) -> None:
        self.target = torch.from_numpy(normalised(recipe.stages, train_set))
        super().__init__(recipe, train_set, select_set, folder, device, train_set.stages, recipe.repeats)

    def loss(self, batch: Batch, generator: torch.Generator) -> torch.Tensor:
        rows, place = batch[0], int(self.stages[batch[0][0]])
        images, male = self.plain(rows, generator), self.male[rows].to(self.device)
        with self.autocast():
            found = self.network(images, male, place)
        return (found.float() - self.target[rows].to(self.device)).abs().mean()

    def measured(self) -> Measured:
        """MAE in months where the stage is known."""
        every = ages_of(self.average.module, self.recipe.stages, self.select_set, self.device)
        return self._of_ages(every[np.arange(len(every)), self.select_set.stages])


class UnstagedTrainer(PartTrainer[UnstagedPart]):
    """As the regressors, one for all stages."""

    def __init__(
        self, recipe: UnstagedPart, train_set: StagedFrames, select_set: StagedFrames, folder: Path, device: str
    ) -> None:
        base, scale = whole_range(recipe.stages, train_set.male)
        self.target = torch.from_numpy(((train_set.months - base) / scale).astype(np.float32))
        super().__init__(recipe, train_set, select_set, folder, device)

    def loss(self, batch: Batch, generator: torch.Generator) -> torch.Tensor:
        images, male = self.plain(batch[0], generator), self.male[batch[0]].to(self.device)
        with self.autocast():
            found = self.network(images, male)
        return (found[:, 0].float() - self.target[batch[0]].to(self.device)).abs().mean()

    def measured(self) -> Measured:
        """MAE in months."""
        return self._of_ages(unstaged_ages(self.average.module, self.recipe.stages, self.select_set, self.device))


def stage_weights(stages: torch.Tensor, power: float) -> torch.Tensor:
    """(N,) float32 of mean 1: what an image of each of (N,) int64 stages weighs, 1 / its stage's share to the power."""
    shares = torch.bincount(stages, minlength=len(STAGES)).clamp_min(1) / len(stages)
    weights = shares[stages] ** -power
    return weights / weights.mean()


def focal_loss(logits: torch.Tensor, stages: torch.Tensor, gamma: float) -> torch.Tensor:
    """Mean of -(1 - p)^gamma log p with p the right stage's probability (Lin et al. 2017); cross-entropy at gamma 0.

    logits: (B, 3) float32; stages: (B,) int64.
    """
    cost = cross_entropy(logits, stages, reduction="none")
    return ((1 - torch.exp(-cost)) ** gamma * cost).mean()


TRAINERS: Mapping[type[DiibaaPart], Callable[..., Loop[Batch]]] = {
    AutoencodersPart: AutoencodersTrainer,
    ClassifierPart: ClassifierTrainer,
    RegressorsPart: RegressorsTrainer,
    ScoringPart: ScoringTrainer,
    UnstagedPart: UnstagedTrainer,
}
