"""Batches of radiographs for training and for reading."""

from collections.abc import Iterator

import torch
from torch.utils.data import DataLoader, Dataset, Sampler

from models.data.radiographs import Radiographs

Batch = dict[str, torch.Tensor]


class RadiographDataset(Dataset[Batch]):
    """Items: image (1, 299, 299) float32 in [0, 1], male () float32, months () float32."""

    def __init__(self, radiographs: Radiographs) -> None:
        self.radiographs = radiographs

    def __len__(self) -> int:
        return len(self.radiographs)

    def __getitem__(self, index: int) -> Batch:
        label = self.radiographs.labels[index]
        frame = torch.from_numpy(self.radiographs.frames[index].copy())
        return {
            "image": frame[None].float() / 255,
            "male": torch.tensor(float(label.sex == "M")),
            "months": torch.tensor(label.bone_age_months),
        }


class EpochOrder(Sampler[int]):
    """A shuffled order that depends on seed and epoch alone, so that a stopped training goes on as if it had not."""

    def __init__(self, count: int, seed: int) -> None:
        self.count, self.seed, self.epoch = count, seed, 0

    def __len__(self) -> int:
        return self.count

    def __iter__(self) -> Iterator[int]:
        yield from torch.randperm(self.count, generator=epoch_generator(self.seed, self.epoch)).tolist()


def epoch_generator(seed: int, epoch: int) -> torch.Generator:
    """A generator of its own for each epoch of a training."""
    return torch.Generator().manual_seed(seed * 1_000_003 + epoch)


def training_batches(radiographs: Radiographs, batch_size: int, order: EpochOrder) -> DataLoader[Batch]:
    """Whole batches in the order given."""
    dataset = RadiographDataset(radiographs)
    return DataLoader(dataset, batch_size, sampler=order, drop_last=len(dataset) > batch_size)


def reading_batches(radiographs: Radiographs, batch_size: int = 64) -> Iterator[Batch]:
    """All of them, in order."""
    yield from DataLoader(RadiographDataset(radiographs), batch_size)
