"""The detector of PreciseBAA 3.2: recursive feature pyramid, switchable atrous convolution, RPN, cascade heads, GIoU.

Its parts stand in `recursive_pyramid`, `switchable`, `overlap_loss` and `cascade`.
"""

from collections.abc import Sequence

import torch
from torch import nn
from torchvision.models.detection.image_list import ImageList
from torchvision.ops import MultiScaleRoIAlign

from models.networks.cascade import CascadeHeads
from models.networks.faster_rcnn import Target, region_proposals
from models.networks.overlap_loss import OverlapProposals
from models.networks.recursive_pyramid import RecursivePyramid


class RecursiveRCNN(nn.Module):
    """In training: images and targets -> losses by name. Else: images -> what was found in each, best score first.

    images: (B, channels, S, S) float32 in [0, 1], S a multiple of the coarsest stride.
    looks, rate: how often the backbone looks, and its wider atrous rate. The others are those of
    `models.networks.faster_rcnn.FasterRCNN`.
    """

    def __init__(
        self, classes: int = 1, widths: Sequence[int] = (24, 40, 64), depths: Sequence[int] = (1, 1, 2),
        pyramid: int = 48, finest: int = 1, looks: int = 2, rate: int = 3,
        anchors: Sequence[Sequence[int]] = ((20, 32, 46), (28, 40, 60)), ratios: Sequence[float] = (0.7, 1.0, 1.4),
        cells: int = 5, hidden: int = 128, proposals: int = 96, fine_until: int = 128, samples: int = 96,
        detections: int = 60, channels: int = 1,
    ) -> None:  # fmt: skip
        super().__init__()
        self.backbone = RecursivePyramid(
            widths, depths, pyramid=pyramid, finest=finest, looks=looks, rate=rate, channels=channels
        )
        self.proposals = region_proposals(pyramid, anchors, ratios, proposals, samples, kind=OverlapProposals)
        names = [str(level) for level in range(len(widths) - finest)]
        pool = MultiScaleRoIAlign(names, cells, 2, canonical_scale=fine_until, canonical_level=finest + 3)
        self.heads = CascadeHeads(
            pool, pyramid * cells**2, hidden=hidden, classes=classes, samples=samples, detections=detections
        )

    def forward(
        self, images: torch.Tensor, targets: list[Target] | None = None
    ) -> dict[str, torch.Tensor] | list[Target]:
        maps, size = self.backbone(images), (images.shape[-2], images.shape[-1])
        regions, losses = self.proposals(ImageList(images, [size] * len(images)), maps, targets)
        if targets is not None and self.training:
            return {**losses, **self.heads.losses(maps, regions, size, targets)}
        return self.heads.found(maps, regions, size)
