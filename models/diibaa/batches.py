"""Batches of one group each: of one stage, where a stage has a network of its own."""

from collections.abc import Iterator

import numpy as np
import torch
from numpy.typing import NDArray
from torch.utils.data import DataLoader, Sampler, TensorDataset

from models.data.batches import epoch_generator


class GroupOrder(Sampler[list[int]]):
    """Batches of rows of one group, all groups shuffled together; the order depends on seed and epoch alone.

    groups: (N,) int. repeats: in an epoch the rows of a smaller group come again until they are as many as the largest
    group's, but none more often than this. A row that is left alone at a group's end is left out of the epoch, since
    batch normalisation has no spread of one; but a group of a single row keeps it.
    """

    def __init__(self, groups: NDArray[np.int64], batch_size: int, seed: int, repeats: int = 1) -> None:
        self.rows = [torch.from_numpy(np.flatnonzero(groups == group)) for group in np.unique(groups)]
        largest = max(map(len, self.rows))
        self.lengths = [min(largest, repeats * len(rows)) for rows in self.rows]
        self.batch_size, self.seed, self.epoch = batch_size, seed, 0

    def __len__(self) -> int:
        return sum(len(self._split(torch.empty(length))) for length in self.lengths)

    def __iter__(self) -> Iterator[list[int]]:
        generator = epoch_generator(self.seed, self.epoch)
        batches: list[torch.Tensor] = []
        for rows, length in zip(self.rows, self.lengths, strict=True):
            times = -(-length // len(rows))
            drawn = torch.cat([rows[torch.randperm(len(rows), generator=generator)] for _ in range(times)])
            batches += self._split(drawn[:length])
        for n in torch.randperm(len(batches), generator=generator).tolist():
            yield batches[n].tolist()

    def _split(self, rows: torch.Tensor) -> list[torch.Tensor]:
        batches = list(rows.split(self.batch_size))
        return batches[:-1] if len(batches) > 1 and len(batches[-1]) == 1 else batches


def row_batches(order: GroupOrder) -> DataLoader[tuple[torch.Tensor, ...]]:
    """Batches of row numbers: a list of one tensor (B,) int64 each."""
    count = sum(len(rows) for rows in order.rows)
    return DataLoader(TensorDataset(torch.arange(count)), batch_sampler=order)
