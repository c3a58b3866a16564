"""Batches of marked radiographs; images and what is marked on them are augmented together."""

import torch
from torch.utils.data import DataLoader, Dataset

from models.data.augment import Augmentation, affine_matrices, change_tone, resample
from models.data.batches import EpochOrder
from models.detection.marked import MarkedRadiographs
from models.detection.outlines import boxes_around, moved, visible
from models.networks.faster_rcnn import Target

Marked = dict[str, torch.Tensor]
"""image (1, 299, 299) float32 in [0, 1], outlines (K, P, 2) float32 fractions, labels (K,) int64 from 0."""
MarkedBatch = dict[str, list[torch.Tensor]]


class MarkedDataset(Dataset[Marked]):
    """Items as `Marked` says."""

    def __init__(self, marked: MarkedRadiographs) -> None:
        self.marked = marked

    def __len__(self) -> int:
        return len(self.marked)

    def __getitem__(self, index: int) -> Marked:
        return {
            "image": torch.from_numpy(self.marked.radiographs.frames[index]).float()[None] / 255,
            "outlines": torch.from_numpy(self.marked.outlines[index]),
            "labels": torch.from_numpy(self.marked.labels[index]),
        }


def marked_batches(dataset: MarkedDataset, batch_size: int, order: EpochOrder) -> DataLoader[Marked]:
    """Whole batches in the order given; images differ in how much is marked, so a batch is lists."""
    whole = len(dataset) > batch_size
    return DataLoader(dataset, batch_size, sampler=order, drop_last=whole, collate_fn=_as_lists)


def _as_lists(items: list[Marked]) -> MarkedBatch:
    return {key: [item[key] for item in items] for key in items[0]}


def augment_marked(
    batch: MarkedBatch, size: int, settings: Augmentation, generator: torch.Generator
) -> tuple[torch.Tensor, list[Target]]:
    """(B, 1, size, size) float32 in [0, 1], and of each image boxes in its pixels with labels from 1.

    The images are those that `models.data.augment.augment` gives with the same generator. What an augmentation moves
    out of the frame for the greater part is left out.
    """
    frames = torch.stack(batch["image"])
    matrices = affine_matrices(len(frames), settings, generator)
    images = change_tone(resample(frames, size, matrices), settings, generator)
    targets = []
    for outlines, labels, matrix in zip(batch["outlines"], batch["labels"], matrices, strict=True):
        there = moved(outlines, matrix)
        seen = visible(there)
        targets.append({"boxes": boxes_around(there[seen]) * size, "labels": labels[seen] + 1})
    return images, targets
