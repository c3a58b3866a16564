"""A tiny set of labelled frames for tests of the training: brightness follows age, so that something can be learnt."""

import numpy as np

from models.data.labels import Label
from models.data.radiographs import Radiographs


def bright_with_age(count: int, *, fold: int = 0, seed: int = 0) -> Radiographs:
    """count frames of (299, 299) uint8 with a disc whose size follows the age in months."""
    generator = np.random.default_rng(seed)
    rows, columns = np.mgrid[:299, :299]
    labels, frames = [], np.zeros((count, 299, 299), np.uint8)
    for n in range(count):
        months = float(generator.integers(12, 216))
        frames[n] = 200 * (np.hypot(rows - 150, columns - 150) < 20 + months / 2) + generator.integers(
            0, 20, (299, 299)
        )
        labels.append(Label(n, months, "FM"[n % 2], fold))
    return Radiographs(tuple(labels), frames)
