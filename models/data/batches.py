"""Batches of radiographs for training and for reading."""

from collections.abc import Iterator

import torch
from torch.utils.data import DataLoader, Dataset, RandomSampler

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


def training_batches(radiographs: Radiographs, batch_size: int, generator: torch.Generator) -> DataLoader[Batch]:
    """Shuffled whole batches; the generator's state decides the order."""
    dataset = RadiographDataset(radiographs)
    sampler = RandomSampler(dataset, generator=generator)
    return DataLoader(dataset, batch_size, sampler=sampler, drop_last=len(dataset) > batch_size)


def reading_batches(radiographs: Radiographs, batch_size: int = 64) -> Iterator[Batch]:
    """All of them, in order."""
    yield from DataLoader(RadiographDataset(radiographs), batch_size)
