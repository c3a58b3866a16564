"""What a network says of the thirteen crops of each hand: how likely each level of each bone is."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from models.levels.scale import BONES, MOST_LEVELS
from models.preprocess import shrink

BATCH = 16
Probabilities = NDArray[np.float64]
"""(N, 13, 15): of each hand and bone how likely each level is; rows add up to 1, 0 beyond the bone's last level."""


@torch.inference_mode()
def grade(network: nn.Module, crops: NDArray[np.uint8], size: int, *, device: str = "cpu") -> Probabilities:
    """Of (N, 13, S, S) uint8 crops as `models.levels.crops.cut_bones` gives them; the image and its mirror averaged.

    size: side of the network's input in pixels; it is left in eval mode.
    """
    network.eval()
    found = [np.empty((0, len(BONES), MOST_LEVELS))]
    for start in range(0, len(crops), BATCH):
        batch = torch.from_numpy(np.array(crops[start : start + BATCH])).to(device).float() / 255
        images = shrink(batch.flatten(0, 1)[:, None], size).unflatten(0, batch.shape[:2])
        both = [network(each).double().softmax(2) for each in (images, images.flip(4))]
        found.append(((both[0] + both[1]) / 2).cpu().numpy())
    return np.concatenate(found)
