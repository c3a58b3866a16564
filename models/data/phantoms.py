"""Phantoms as a set: for tests and for the tiny reader that reads only them."""

from typing import Literal

import numpy as np

from models.data.labels import Label, Split
from models.data.radiographs import Radiographs
from models.phantom.drawing import draw
from models.preprocess import FRAME_PX, standard_frame

_FOLDS = {Split.TRAIN: 0, Split.SELECT: 8, Split.CALIBRATE: 8, Split.TEST: 9}
_SEEDS = {Split.TRAIN: 1_000_000, Split.SELECT: 2_000_000, Split.CALIBRATE: 3_000_000, Split.TEST: 4_000_000}


def draw_phantoms(split: Split, count: int) -> Radiographs:
    """`count` phantoms of ages 6 to 222 months, alternately F and M; each split draws other hands."""
    generator = np.random.default_rng(_SEEDS[split])
    labels, frames = [], np.empty((count, FRAME_PX, FRAME_PX), np.uint8)
    for n in range(count):
        months, seed = float(generator.uniform(6, 222)), _SEEDS[split] + n
        sex: Literal["F", "M"] = "M" if n % 2 else "F"
        pixels = draw(months, sex, seed=seed).pixels
        frames[n] = standard_frame(pixels)
        labels.append(Label(2 * n + (split is Split.CALIBRATE), months, sex, _FOLDS[split]))
    return Radiographs(tuple(labels), frames)
