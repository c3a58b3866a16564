"""GIoU (Rezatofighi et al. 2019) as the loss of boxes, where torchvision's proposals hard-code a smooth L1."""

import torch
from torch import Tensor
from torchvision.models.detection.rpn import RegionProposalNetwork
from torchvision.ops import generalized_box_iou_loss


class OverlapProposals(RegionProposalNetwork):
    """Torchvision's region proposals, but that their boxes are taught by GIoU."""

    def compute_loss(
        self, objectness: Tensor, pred_bbox_deltas: Tensor, labels: list[Tensor], regression_targets: list[Tensor]
    ) -> tuple[Tensor, Tensor]:
        """Loss of yes or no, and of the boxes: the mean of 1 - GIoU over the sampled anchors that lie on something.

        GIoU stays as it is where both boxes are moved and stretched alike, so that a unit box may stand for every
        anchor.
        """
        positive, negative = (torch.where(torch.cat(chosen))[0] for chosen in self.fg_bg_sampler(labels))
        sampled = torch.cat([positive, negative])
        wanted = torch.cat(labels)[sampled]
        found = torch.nn.functional.binary_cross_entropy_with_logits(objectness.flatten()[sampled], wanted)
        unit = pred_bbox_deltas.new_tensor([0.0, 0.0, 1.0, 1.0]).expand(len(positive), 4)
        given, there = (
            self.box_coder.decode_single(offsets[positive], unit)
            for offsets in (pred_bbox_deltas, torch.cat(regression_targets))
        )
        return found, mean_overlap_loss(given, there)


def mean_overlap_loss(given: Tensor, there: Tensor) -> Tensor:
    """Mean of 1 - GIoU of (K, 4) boxes with those they should be, in [0, 2]; 0 where K is 0."""
    losses: Tensor = generalized_box_iou_loss(given, there, reduction="sum")
    return losses / max(1, len(there))
