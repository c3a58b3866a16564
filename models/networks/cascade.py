"""Cascade heads (Cai and Vasconcelos 2018; PreciseBAA 3.2): each refines the boxes of the one before it.

Each is trained to be right at a higher IoU than the one before, on the boxes that the one before has refined; all box
losses are GIoU.
"""

from collections.abc import Sequence
from typing import NamedTuple, cast

import torch
from torch import Tensor, nn
from torchvision.models.detection._utils import BoxCoder
from torchvision.models.detection.faster_rcnn import TwoMLPHead
from torchvision.ops import MultiScaleRoIAlign, batched_nms, box_iou, clip_boxes_to_image

from models.networks.overlap_loss import mean_overlap_loss

THRESHOLDS = (0.5, 0.6, 0.7)
"""IoU from which a box counts as lying on something, of each head."""
LOSS_WEIGHTS = (1.0, 0.5, 0.25)
FINENESS = (1.0, 2.0, 3.0)
"""Of each head: later boxes lie better, so that the same answer moves them less."""
POSITIVE_SHARE = 0.4
"""Of an image's samples, at most, that lie on something: a hand has some twenty bones,."""
LEAST_SCORE = 0.02
NMS_IOU = 0.5


class Samples(NamedTuple):
    """Of one image: boxes (R, 4), labels (R,) from 0 for background, wanted (R, 4) the marked box of each."""

    boxes: Tensor
    labels: Tensor
    wanted: Tensor


class CascadeHead(nn.Module):
    """Cut maps (R, C, cells, cells) -> logits (R, classes + 1) and offsets (R, 4), the same for every class."""

    def __init__(self, inputs: int, hidden: int, classes: int, fineness: float) -> None:
        super().__init__()
        self.trunk = TwoMLPHead(inputs, hidden)
        self.label, self.offset = nn.Linear(hidden, classes + 1), nn.Linear(hidden, 4)
        nn.init.normal_(self.offset.weight, std=0.001)
        nn.init.zeros_(self.offset.bias)
        self.coder = BoxCoder((10 * fineness, 10 * fineness, 5 * fineness, 5 * fineness))

    def forward(self, cut: Tensor) -> tuple[Tensor, Tensor]:
        hidden = self.trunk(cut)
        return self.label(hidden), self.offset(hidden)

    def moved(self, boxes: Tensor, offsets: Tensor) -> Tensor:
        """(R, 4) boxes where the offsets take them."""
        there: Tensor = self.coder.decode_single(offsets, boxes)
        return there


class CascadeHeads(nn.Module):
    """Maps and proposals -> losses by name in training, else what was found in each image.

    pool: cuts proposals out of maps.  cut: values of each cut-out.  samples: of an image's proposals, for each head.
    detections: the most that are found in an image.
    """

    def __init__(
        self, pool: MultiScaleRoIAlign, cut: int, *, hidden: int, classes: int, samples: int, detections: int
    ) -> None:
        super().__init__()
        self.pool, self.samples, self.detections = pool, samples, detections
        self.heads = nn.ModuleList(CascadeHead(cut, hidden, classes, fineness) for fineness in FINENESS)

    @property
    def _typed(self) -> Sequence[CascadeHead]:
        return cast(Sequence[CascadeHead], self.heads)

    def losses(
        self, maps: dict[str, Tensor], regions: list[Tensor], size: tuple[int, int], targets: list[dict[str, Tensor]]
    ) -> dict[str, Tensor]:
        """The marked boxes join the proposals of every head, so that none lacks something to learn from."""
        losses = {}
        for head, threshold, weight in zip(self._typed, THRESHOLDS, LOSS_WEIGHTS, strict=True):
            chosen = [_sampled(*pair, threshold, self.samples) for pair in zip(regions, targets, strict=True)]
            boxes, labels, wanted = (torch.cat(values) for values in zip(*chosen, strict=True))
            logits, offsets = head(self._cut(maps, [each.boxes for each in chosen], size))
            on = labels > 0
            moved = head.moved(boxes, offsets)
            losses[f"label_{threshold}"] = weight * nn.functional.cross_entropy(logits, labels)
            losses[f"box_{threshold}"] = weight * mean_overlap_loss(moved[on], wanted[on])
            kept = clip_boxes_to_image(moved.detach(), size)
            regions = list(kept.split([len(each.boxes) for each in chosen]))
        return losses

    def found(self, maps: dict[str, Tensor], regions: list[Tensor], size: tuple[int, int]) -> list[dict[str, Tensor]]:
        """The boxes of the last head, each with the mean of the probabilities that the heads give it."""
        counts, sums = [len(each) for each in regions], []
        for head in self._typed:
            logits, offsets = head(self._cut(maps, regions, size))
            sums.append(logits.softmax(1))
            moved = clip_boxes_to_image(head.moved(torch.cat(regions), offsets), size)
            regions = list(moved.split(counts))
        scores = torch.stack(sums).mean(0).split(counts)
        return [self._kept(*pair) for pair in zip(regions, scores, strict=True)]

    def _cut(self, maps: dict[str, Tensor], regions: list[Tensor], size: tuple[int, int]) -> Tensor:
        cut: Tensor = self.pool(maps, regions, [size] * len(regions))
        return cut

    def _kept(self, boxes: Tensor, scores: Tensor) -> dict[str, Tensor]:
        rows, columns = torch.where(scores[:, 1:] > LEAST_SCORE)
        sides = boxes[:, 2:] - boxes[:, :2]
        solid = (sides[rows] > 1).all(1)
        rows, columns = rows[solid], columns[solid]
        kept = batched_nms(boxes[rows], scores[rows, columns + 1], columns, NMS_IOU)[: self.detections]
        return {
            "boxes": boxes[rows[kept]],
            "labels": columns[kept] + 1,
            "scores": scores[rows[kept], columns[kept] + 1],
        }


def _sampled(regions: Tensor, target: dict[str, Tensor], threshold: float, count: int) -> Samples:
    """Some of one image's regions and marked boxes: up to POSITIVE_SHARE on something, the others background."""
    regions = torch.cat([regions, target["boxes"]])
    if not len(target["boxes"]):
        chosen = torch.randperm(len(regions), device=regions.device)[:count]
        nothing = torch.zeros(len(chosen), dtype=torch.int64, device=regions.device)
        return Samples(regions[chosen], nothing, regions[chosen])
    overlap, nearest = box_iou(regions, target["boxes"]).max(1)
    labels = torch.where(overlap >= threshold, target["labels"][nearest], 0)
    on, off = (indices[torch.randperm(len(indices), device=indices.device)] for indices in _parted(labels))
    on = on[: max(1, int(count * POSITIVE_SHARE))]
    chosen = torch.cat([on, off[: count - len(on)]])
    return Samples(regions[chosen], labels[chosen], target["boxes"][nearest[chosen]])


def _parted(labels: Tensor) -> tuple[Tensor, Tensor]:
    return torch.where(labels > 0)[0], torch.where(labels == 0)[0]
