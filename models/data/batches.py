"""Batches of radiographs for training and for reading."""

from collections.abc import Iterator

import numpy as np
import torch
from numpy.typing import NDArray
from torch.utils.data import DataLoader, Dataset, Sampler

from models.attention.channel import DEFAULT, Channels
from models.attention.coarse import WHOLE
from models.attention.stack import stack_channels
from models.data.frames import Radiographs

Batch = dict[str, torch.Tensor]


class RadiographDataset(Dataset[Batch]):
    """Items: image (C, 299, 299) float32 in [0, 1], male () float32, months () float32.

    channels: what a network is given, cropped to the radiographs' boxes. What has to be computed is kept from its first
    use on: 89 kB an image and channel.
    """

    def __init__(self, radiographs: Radiographs, channels: Channels = DEFAULT) -> None:
        self.radiographs, self.channels = radiographs, channels
        self._kept: dict[int, NDArray[np.uint8]] = {}

    def __len__(self) -> int:
        return len(self.radiographs)

    def __getitem__(self, index: int) -> Batch:
        label = self.radiographs.labels[index]
        return {
            "image": torch.from_numpy(self._stack(index)).float() / 255,
            "male": torch.tensor(float(label.sex == "M")),
            "months": torch.tensor(label.bone_age_months),
        }

    def _stack(self, index: int) -> NDArray[np.uint8]:
        if index in self._kept:
            return self._kept[index]
        frame = self.radiographs.frames[index]
        box = self.radiographs.boxes.get(self.radiographs.labels[index].id, WHOLE)
        stacked = stack_channels(frame, self.channels, box)
        if box != WHOLE or self.channels != DEFAULT:
            self._kept[index] = stacked
        return stacked


class EpochOrder(Sampler[int]):
    """A shuffled order that depends on seed and epoch alone, so that a stopped training goes on as if it had not.

    length: of an epoch, with all images again in another order as often as it takes; None is each image once.
    """

    def __init__(self, count: int, seed: int, length: int | None = None) -> None:
        self.count, self.seed, self.epoch = count, seed, 0
        self.length = count if length is None else length

    def __len__(self) -> int:
        return self.length

    def __iter__(self) -> Iterator[int]:
        generator = epoch_generator(self.seed, self.epoch)
        for start in range(0, self.length, self.count):
            yield from torch.randperm(self.count, generator=generator).tolist()[: self.length - start]


def epoch_generator(seed: int, epoch: int) -> torch.Generator:
    """A generator of its own for each epoch of a training."""
    return torch.Generator().manual_seed(seed * 1_000_003 + epoch)


def training_batches(dataset: RadiographDataset, batch_size: int, order: EpochOrder) -> DataLoader[Batch]:
    """Whole batches in the order given."""
    return DataLoader(dataset, batch_size, sampler=order, drop_last=len(order) > batch_size)


def reading_batches(dataset: RadiographDataset, batch_size: int = 64) -> Iterator[Batch]:
    """All of them, in order."""
    yield from DataLoader(dataset, batch_size)
