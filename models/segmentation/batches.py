"""Batches of masked frames; frame and mask are augmented together."""

import torch
from torch.utils.data import DataLoader, Dataset

from models.data.augment import Augmentation, affine_matrices, change_tone, resample
from models.data.batches import Batch, EpochOrder
from models.segmentation.masked import MaskedFrames


class MaskedDataset(Dataset[Batch]):
    """Items: image (1, 299, 299) float32 in [0, 1], mask (1, 299, 299) float32, 1 on the hand."""

    def __init__(self, masked: MaskedFrames) -> None:
        self.masked = masked

    def __len__(self) -> int:
        return len(self.masked)

    def __getitem__(self, index: int) -> Batch:
        return {
            "image": torch.from_numpy(self.masked.frames[index]).float()[None] / 255,
            "mask": torch.from_numpy(self.masked.masks[index]).float()[None],
        }


def masked_batches(dataset: MaskedDataset, batch_size: int, order: EpochOrder) -> DataLoader[Batch]:
    """Whole batches in the order given."""
    return DataLoader(dataset, batch_size, sampler=order, drop_last=len(dataset) > batch_size)


def augment_masked(
    batch: Batch, size: int, settings: Augmentation, generator: torch.Generator
) -> tuple[torch.Tensor, torch.Tensor]:
    """Images (B, 1, size, size) float32 in [0, 1] and masks (B, 1, size, size) float32, 0 or 1.

    The images are those that `models.data.augment.augment` gives with the same generator.
    """
    matrices = affine_matrices(len(batch["image"]), settings, generator)
    masks = resample(batch["mask"], size, matrices) > 0.5
    return change_tone(resample(batch["image"], size, matrices), settings, generator), masks.float()
