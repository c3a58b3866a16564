"""FCOS (Tian et al. 2019) on a small residual pyramid: the one-stage detector beside those of PreciseBAA 4.2.3.

Each cell of a map says what lies there and how far its box reaches to each side; there are neither anchors nor
proposals. Torchvision's heads, losses and choice of cells work on the maps of our own backbone, as in Faster R-CNN.
"""

from collections.abc import Sequence

import torch
from torch import nn
from torchvision.models.detection import fcos
from torchvision.models.detection.anchor_utils import AnchorGenerator
from torchvision.models.detection.image_list import ImageList

from models.networks.faster_rcnn import Target
from models.networks.residual_pyramid import ResidualPyramid

GROUPS = 32
"""Of torchvision's group norms in the towers: the pyramid's channels are a multiple of it."""
FIRST_REACH = 2.0
"""How far a fresh network's boxes reach to each side, in strides. Torchvision cuts reaches off below zero and begins at
zero: a first step may push all of them below, from where no gradient brings them back."""


class FCOS(nn.Module):
    """In training: images and targets -> losses by name. Else: images -> what was found in each, best score first.

    images: (B, channels, S, S) float32 in [0, 1], S a multiple of the coarsest stride.
    classes: kinds of things to find.  pyramid: channels of each map, a multiple of 32.  finest: the first stage that
    has a map.  towers: convolutions before each answer.  detections: the most that are found in an image.
    """

    def __init__(
        self, classes: int = 1, widths: Sequence[int] = (24, 48, 64, 96), depths: Sequence[int] = (1, 2, 2, 1),
        pyramid: int = 64, finest: int = 1, towers: int = 2, detections: int = 60, channels: int = 1,
    ) -> None:  # fmt: skip
        super().__init__()
        if pyramid % GROUPS:
            raise ValueError(f"pyramid: a multiple of {GROUPS}, not {pyramid}")
        backbone = ResidualPyramid(widths, depths, pyramid=pyramid, finest=finest, channels=channels)
        strides = [4 * 2**stage for stage in range(finest, len(widths))]
        cells = AnchorGenerator(tuple((stride,) for stride in strides), ((1.0,),) * len(strides))
        self.cells = fcos.FCOS(
            backbone, classes, anchor_generator=cells, head=fcos.FCOSHead(pyramid, 1, classes, towers),
            score_thresh=0.02, nms_thresh=0.5, detections_per_img=detections, topk_candidates=400,
        )  # fmt: skip
        nn.init.constant_(self.cells.head.regression_head.bbox_reg.bias, FIRST_REACH)

    def forward(
        self, images: torch.Tensor, targets: list[Target] | None = None
    ) -> dict[str, torch.Tensor] | list[Target]:
        maps = list(self.cells.backbone(images).values())
        sizes = [(images.shape[-2], images.shape[-1])] * len(images)
        answers = self.cells.head(maps)
        places = self.cells.anchor_generator(ImageList(images, sizes), maps)
        counts = [level.shape[-2] * level.shape[-1] for level in maps]
        if self.training:
            losses: dict[str, torch.Tensor] = self.cells.compute_loss(_from_zero(targets), answers, places, counts)
            return losses
        levels = {key: list(values.split(counts, dim=1)) for key, values in answers.items()}
        found = self.cells.postprocess_detections(levels, [list(each.split(counts)) for each in places], sizes)
        return [{**each, "labels": each["labels"] + 1} for each in found]


def _from_zero(targets: list[Target] | None) -> list[Target]:
    """Here no label is the background's: each class has its own yes or no."""
    if targets is None:
        raise ValueError("training needs targets")
    return [{**target, "labels": target["labels"] - 1} for target in targets]
