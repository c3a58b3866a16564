"""What a classifier of quality says of standard frames."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from models.preprocess import shrink
from models.quality.classes import CLASSES

BATCH = 64
Probabilities = NDArray[np.float64]
"""(N, 4) of each frame the probability of each class of CLASSES; rows sum to 1."""


@torch.inference_mode()
def classify(network: nn.Module, frames: NDArray[np.uint8], size: int, *, device: str = "cpu") -> Probabilities:
    """Of each of (N, 299, 299) frames. size: side of the network's input in pixels; it is left in eval mode."""
    network.eval()
    found = [np.empty((0, len(CLASSES)))]
    for start in range(0, len(frames), BATCH):
        batch = np.array(frames[start : start + BATCH])  # a copy: frames may be mapped read-only
        images = shrink(torch.from_numpy(batch).to(device).float()[:, None] / 255, size)
        found.append(network(images).double().softmax(1).cpu().numpy())
    return np.concatenate(found)


def class_of(probabilities: NDArray[np.float64], threshold: float = 0.5) -> int:
    """(4,) of one frame -> its place in CLASSES: good, unless damage of any kind is at least as probable as this."""
    poor = probabilities[1:]
    return 1 + int(poor.argmax()) if poor.sum() >= threshold else 0
