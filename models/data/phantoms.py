"""Phantoms as a set: for tests and for the tiny reader that reads only them."""

from collections.abc import Iterator
from typing import Literal

import numpy as np

from models.data.labels import Label, Split
from models.data.radiographs import Radiographs
from models.phantom.drawing import Phantom, draw
from models.preprocess import FRAME_PX, standard_frame

_FOLDS = {Split.TRAIN: 0, Split.SELECT: 8, Split.CALIBRATE: 8, Split.TEST: 9}
_SEEDS = {Split.TRAIN: 1_000_000, Split.SELECT: 2_000_000, Split.CALIBRATE: 3_000_000, Split.TEST: 4_000_000}


def draw_phantoms(split: Split, count: int) -> Radiographs:
    """`count` phantoms as `phantoms_of` gives them, made standard."""
    labels, frames = [], np.empty((count, FRAME_PX, FRAME_PX), np.uint8)
    for n, (label, phantom) in enumerate(phantoms_of(split, count)):
        frames[n] = standard_frame(phantom.pixels)
        labels.append(label)
    return Radiographs(tuple(labels), frames)


def phantoms_of(split: Split, count: int) -> Iterator[tuple[Label, Phantom]]:
    """`count` phantoms of ages 6 to 222 months, alternately F and M; each split draws other hands."""
    generator = np.random.default_rng(_SEEDS[split])
    for n in range(count):
        months, seed = float(generator.uniform(6, 222)), _SEEDS[split] + n
        sex: Literal["F", "M"] = "M" if n % 2 else "F"
        label = Label(2 * n + (split is Split.CALIBRATE), months, sex, _FOLDS[split])
        yield label, draw(months, sex, seed=seed)
