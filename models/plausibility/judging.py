"""What a judge says of standard frames."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from models.plausibility.verdict import CLASSES, Verdict
from models.preprocess import shrink

BATCH = 64
MOST_FALSE_REFUSALS = 1 / 400
"""Of the hands that a threshold is set by: half of what is allowed of hands that are measured later."""
HIGHEST_THRESHOLD = 0.5
Probabilities = NDArray[np.float64]
"""(N, 5) of each frame the probability of each verdict of CLASSES; rows sum to 1."""


@torch.inference_mode()
def judge(network: nn.Module, frames: NDArray[np.uint8], size: int, *, device: str = "cpu") -> Probabilities:
    """Of each of (N, 299, 299) frames: the mean of what is said of it and of its mirror image, since neither is more of
    a hand than the other. size: side of the network's input in pixels; it is left in eval mode."""
    network.eval()
    found = [np.empty((0, len(CLASSES)))]
    for start in range(0, len(frames), BATCH):
        batch = np.array(frames[start : start + BATCH])  # a copy: frames may be mapped read-only
        images = shrink(torch.from_numpy(batch).to(device).float()[:, None] / 255, size)
        looks = [network(seen).double().softmax(1) for seen in (images, images.flip(-1))]
        found.append((sum(looks) / len(looks)).cpu().numpy())
    return np.concatenate(found)


def of_hand(probabilities: Probabilities) -> NDArray[np.float64]:
    """(N,) how probably each is a hand."""
    return np.asarray(probabilities[:, CLASSES.index(Verdict.HAND)])


def verdict_of(probabilities: NDArray[np.float64], threshold: float) -> Verdict:
    """(5,) of one frame -> a hand, where that is at least as probable as the threshold; else the likeliest reason."""
    hand = CLASSES.index(Verdict.HAND)
    if probabilities[hand] >= threshold:
        return Verdict.HAND
    return CLASSES[int(np.where(np.arange(len(CLASSES)) == hand, -1, probabilities).argmax())]


def threshold_for(of_hands: NDArray[np.float64]) -> float:
    """A threshold, to HIGHEST_THRESHOLD, that refuses at most MOST_FALSE_REFUSALS of these hands.

    It lies half-way between the last hand that is refused, or zero, and the first that is not. of_hands: (N,) how
    probably each is a hand, N >= 1.
    """
    allowed = int(len(of_hands) * MOST_FALSE_REFUSALS)
    last, first = np.append(0, np.sort(of_hands))[allowed : allowed + 2]
    return min(HIGHEST_THRESHOLD, float(last + first) / 2)
