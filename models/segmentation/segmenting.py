"""What a segmenter says of standard frames."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from models.card import Task
from models.preprocess import FRAME_PX, shrink
from models.registry import LoadedModel
from models.segmentation.masks import Mask

BATCH = 32
THRESHOLD = 0.5
"""A pixel with this probability or more is hand."""


def find_answers(frames: NDArray[np.uint8], model: LoadedModel, *, device: str = "cpu") -> NDArray[np.bool_]:
    """Of each of (N, 299, 299) standard frames what the model takes for hand, as it comes, before
    `models.segmentation.masks.clean`. Raises ValueError where the weights are for another task."""
    model.card.require(Task.SEGMENTATION)
    return segment(model.network, frames, model.card.input_size, device=device)


@torch.inference_mode()
def segment(network: nn.Module, frames: NDArray[np.uint8], size: int, *, device: str = "cpu") -> NDArray[np.bool_]:
    """(N, 299, 299) frames -> (N, 299, 299) bool.

    size: side of the network's input in pixels; the logits are enlarged before they are cut at THRESHOLD. The network
    is left in eval mode.
    """
    network.eval()
    answers = np.empty((len(frames), FRAME_PX, FRAME_PX), np.bool_)
    for start in range(0, len(frames), BATCH):
        batch = np.ascontiguousarray(frames[start : start + BATCH])
        images = shrink(torch.from_numpy(batch).to(device).float()[:, None] / 255, size)
        answers[start : start + BATCH] = over_frame(network(images), (FRAME_PX, FRAME_PX)).cpu().numpy()
    return answers


def over_frame(logits: torch.Tensor, shape: tuple[int, int]) -> torch.Tensor:
    """(B, 1, S, S) logits -> (B, height, width) bool, interpolated to a frame of this height and width."""
    larger = nn.functional.interpolate(logits.float(), shape, mode="bilinear", align_corners=False)
    return larger[:, 0].sigmoid() >= THRESHOLD


def mask_over(answer: Mask, shape: tuple[int, int]) -> Mask:
    """A mask over the standard frame carried to the frame it was squashed from, of this height and width."""
    import cv2  # a training machine may lack it

    return np.asarray(cv2.resize(answer.astype(np.float32), shape[::-1], interpolation=cv2.INTER_LINEAR) >= THRESHOLD)
