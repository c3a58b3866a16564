"""Faster R-CNN (Ren, He, Girshick and Sun 2015) on a small residual pyramid: finds boxes of any number of classes.

RegressionCNN II.B finds the hand with it. Torchvision's region proposals and RoI heads work on the maps of our own
residual blocks and a feature pyramid (Lin et al. 2017). Torchvision's resizing is left out: the input has one size.
"""

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import nn
from torchvision.models.detection.anchor_utils import AnchorGenerator
from torchvision.models.detection.faster_rcnn import FastRCNNPredictor, TwoMLPHead
from torchvision.models.detection.image_list import ImageList
from torchvision.models.detection.roi_heads import RoIHeads
from torchvision.models.detection.rpn import RegionProposalNetwork, RPNHead
from torchvision.ops import MultiScaleRoIAlign

from models.networks.residual_pyramid import ResidualPyramid

Target = dict[str, torch.Tensor]
"""boxes (K, 4) float32 left, top, right, bottom in pixels; labels (K,) int64 from 1; of what was found also scores."""


class FasterRCNN(nn.Module):
    """In training: images and targets -> losses by name. Else: images -> what was found in each, best score first.

    images: (B, channels, S, S) float32 in [0, 1], S a multiple of the coarsest stride.
    classes: kinds of things to find.  anchors: of each map, finest first, sides of its anchors in pixels.
    ratios: height to width of anchors.  cells: side of the map cut out of a proposal.  hidden: of the box head.
    proposals: that reach the box head in reading; twice as many in training.
    fine_until: a proposal of up to this side in pixels is cut out of the finest map.
    samples: of an image's proposals, and twice as many of its anchors, that the losses are taken of.
    """

    def __init__(
        self, classes: int = 1, widths: Sequence[int] = (16, 32, 48, 64), depths: Sequence[int] = (1, 1, 1, 1),
        pyramid: int = 32, finest: int = 1, anchors: Sequence[Sequence[int]] = ((32, 48), (64, 80), (104, 128)),
        ratios: Sequence[float] = (0.7, 1.0, 1.4), cells: int = 7, hidden: int = 96, proposals: int = 24,
        fine_until: int = 128, samples: int = 32, detections: int = 4, channels: int = 1,
    ) -> None:  # fmt: skip
        super().__init__()
        self.backbone = ResidualPyramid(widths, depths, pyramid=pyramid, finest=finest, channels=channels)
        names = [str(level) for level in range(len(widths) - finest)]
        self.proposals = region_proposals(pyramid, anchors, ratios, proposals, samples)
        finest_level = finest + 2  # log2 of its stride, which torchvision's rule for choosing a map counts in
        pool = MultiScaleRoIAlign(names, cells, 2, canonical_scale=fine_until, canonical_level=finest_level + 1)
        self.heads = RoIHeads(
            pool,
            TwoMLPHead(pyramid * cells**2, hidden),
            FastRCNNPredictor(hidden, classes + 1),
            fg_iou_thresh=0.5,
            bg_iou_thresh=0.5,
            batch_size_per_image=samples,
            positive_fraction=0.25,
            bbox_reg_weights=None,
            score_thresh=0.01,
            nms_thresh=0.5,
            detections_per_img=detections,
        )

    def forward(
        self, images: torch.Tensor, targets: list[Target] | None = None
    ) -> dict[str, torch.Tensor] | list[Target]:
        maps = self.backbone(images)
        sizes = [(images.shape[-2], images.shape[-1])] * len(images)
        regions, losses = self.proposals(ImageList(images, sizes), maps, targets)
        found, more = self.heads(maps, regions, sizes, targets)
        return {**losses, **more} if self.training else list(found)


def region_proposals(
    width: int, anchors: Sequence[Sequence[int]], ratios: Sequence[float], count: int, samples: int,
    kind: type[RegionProposalNetwork] = RegionProposalNetwork,
) -> RegionProposalNetwork:  # fmt: skip
    """Of maps of this width, `count` an image in reading. Raises ValueError where maps differ in anchors."""
    generator = AnchorGenerator(tuple(tuple(sides) for sides in anchors), (tuple(ratios),) * len(anchors))
    counts = generator.num_anchors_per_location()
    if any(first != second for first, second in pairwise(counts)):
        raise ValueError(f"anchors: each map needs as many sides as the others, not {[len(side) for side in anchors]}")
    return kind(
        generator,
        RPNHead(width, counts[0]),
        fg_iou_thresh=0.7,
        bg_iou_thresh=0.3,
        batch_size_per_image=2 * samples,
        positive_fraction=0.5,
        pre_nms_top_n={"training": 8 * count, "testing": 4 * count},
        post_nms_top_n={"training": 2 * count, "testing": count},
        nms_thresh=0.7,
    )
