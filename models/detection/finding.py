"""What a detector finds in standard frames, as boxes in fractions of the frame."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from models.detection.boxes import Boxes
from models.networks.faster_rcnn import Target
from models.preprocess import shrink

BATCH = 64


@torch.inference_mode()
def find(network: nn.Module, frames: NDArray[np.uint8], size: int, *, device: str = "cpu") -> list[Boxes]:
    """Of each of (N, 299, 299) frames the boxes, best score first, with labels from 0.

    size: side of the network's input in pixels. The network is left in eval mode.
    """
    network.eval()
    found: list[Boxes] = []
    for start in range(0, len(frames), BATCH):
        batch = np.array(frames[start : start + BATCH])  # a copy: frames may be mapped read-only
        images = shrink(torch.from_numpy(batch).to(device).float()[:, None] / 255, size)
        found += [_as_fractions(each, size) for each in network(images)]
    return found


def _as_fractions(found: Target, size: int) -> Boxes:
    boxes, labels, scores = (found[key].cpu().numpy() for key in ("boxes", "labels", "scores"))
    return Boxes(boxes.astype(np.float64) / size, labels.astype(np.int64) - 1, scores.astype(np.float64))
