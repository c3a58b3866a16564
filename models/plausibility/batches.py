"""Batches of judged frames."""

import torch
from torch.utils.data import DataLoader, Dataset

from models.data.batches import Batch, EpochOrder
from models.plausibility.judged import JudgedFrames


class JudgedDataset(Dataset[Batch]):
    """Items: image (1, 299, 299) float32 in [0, 1], verdict () int64, a place in CLASSES."""

    def __init__(self, judged: JudgedFrames) -> None:
        self.judged = judged

    def __len__(self) -> int:
        return len(self.judged)

    def __getitem__(self, index: int) -> Batch:
        return {
            "image": torch.from_numpy(self.judged.frames[index]).float()[None] / 255,
            "verdict": torch.tensor(self.judged.verdicts[index]),
        }


def judged_batches(dataset: JudgedDataset, batch_size: int, order: EpochOrder) -> DataLoader[Batch]:
    """Whole batches in the order given."""
    return DataLoader(dataset, batch_size, sampler=order, drop_last=len(dataset) > batch_size)
