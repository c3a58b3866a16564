"""DIIBAA's two branches made one: Algorithm 1, and Algorithm 2 as it is meant.

As printed, Algorithm 2 never raises its highest accuracy, so that the last threshold with any accuracy would be taken;
meant is the one with the highest. Its step is 0.1 in the text and 0.05 in Tables 7 and 8: the tables' is taken.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

THRESHOLDS = tuple(round(0.05 * n, 2) for n in range(1, 11))
"""Of Tables 7 and 8: 0.05 to 0.5."""
Scores = NDArray[np.float64]
"""(N, 3) of each image the score of each stage's reconstruction, 0 to 1."""
Places = NDArray[np.int64]
"""(N,) places among the stages."""


def lead(scores: Scores) -> NDArray[np.float64]:
    """(N,) how far the highest score is above the second."""
    ranked = np.sort(scores, axis=1)
    return np.asarray(ranked[:, -1] - ranked[:, -2])


def integrate(scores: Scores, by_mixup: Places, th_score: NDArray[np.float64] | float) -> Places:
    """Algorithm 1: the stage with the highest score where it leads by more than th_score, else what CNN_mixup says.

    th_score: one for all images, or (N,).
    """
    return np.asarray(np.where(lead(scores) > th_score, scores.argmax(1), by_mixup).astype(np.int64))


def find_threshold(accuracy: Callable[[float], float]) -> float:
    """Algorithm 2: of THRESHOLDS the one with the highest accuracy on validation images; of several the first."""
    highest, found = -1.0, THRESHOLDS[0]
    for th_score in THRESHOLDS:
        if (reached := accuracy(th_score)) > highest:
            highest, found = reached, th_score
    return found


def th_score_on(scores: Scores, by_mixup: Places, stages: Places) -> float:
    """Algorithm 2 on images with known stages."""
    return find_threshold(lambda th_score: float((integrate(scores, by_mixup, th_score) == stages).mean()))
