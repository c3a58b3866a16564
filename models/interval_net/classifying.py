"""What a classifier of ages says of frames that passed its chain."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from models.interval_net.scale import Probabilities
from models.preprocess import shrink

BATCH = 64


@torch.inference_mode()
def classify_ages(
    network: nn.Module, frames: NDArray[np.uint8], male: NDArray[np.float32], size: int, *, flip: bool = False,
    device: str = "cpu",
) -> Probabilities:  # fmt: skip
    """(N, K) of (N, S, S) frames, male (N,) 1 male, 0 female; with flip the mean of the image and its mirror image.

    size: side of the network's input in pixels; it is left in eval mode.
    """
    network.eval()
    found = []
    for start in range(0, len(frames), BATCH):
        rows = slice(start, start + BATCH)
        images = shrink(torch.from_numpy(np.array(frames[rows])).to(device).float()[:, None] / 255, size)
        sexes = torch.from_numpy(male[rows]).to(device)
        views = [images, images.flip(3)] if flip else [images]
        each = [network(view, sexes).logits.double().softmax(1) for view in views]
        found.append(torch.stack(each).mean(0).cpu().numpy())
    return np.concatenate(found)
