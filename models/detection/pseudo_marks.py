"""Marks of bones that a trained detector gives to radiographs which nobody marked, for another one to learn from.

Only whole hands are kept: every bone found once, surely, and in its place. A hand with a bone in doubt would teach that
bone as background.
"""

from collections.abc import Iterator

import numpy as np
from torch import nn

from models.data.annotations import Box
from models.data.radiographs import Radiographs
from models.detection.anatomy import name_bones
from models.detection.boxes import Boxes
from models.detection.hand_shape import BONES
from models.detection.marked import MarkedRadiographs
from models.detection.measures import sure
from models.detection.outlines import box_outline, stack_outlines
from models.detection.views import find_twice

LEAST_SCORE = 0.3
"""Of each box of a hand that is kept; a box below it counts for nothing."""
LOOKED_AT = 64
"""Radiographs at a time: no more are looked at than are needed."""


def mark_hands(teacher: nn.Module, input_size: int, unmarked: Radiographs, wanted: int) -> MarkedRadiographs:
    """The first so many radiographs on which the teacher finds a whole hand, marked by what it found.

    teacher: a detector of bones, whose labels from 0 are those of `Marks.BONES`, looked through in two sizes.
    Raises ValueError where not one radiograph shows a whole hand.
    """
    chosen: list[int] = []
    marks: list[Boxes] = []
    for index, found in _found(teacher, input_size, unmarked):
        if len(chosen) == wanted:
            break
        if is_whole(found):
            chosen.append(index)
            marks.append(found)
    if not chosen:
        raise ValueError(f"of {len(unmarked)} radiographs the teacher finds every bone on none: train it for longer")
    outlines = tuple(stack_outlines([box_outline(_box(box)) for box in each.boxes]) for each in marks)
    return MarkedRadiographs(unmarked.at(chosen), outlines, tuple(each.labels for each in marks))


def is_whole(found: Boxes) -> bool:
    """Whether these are the 21 bones of a hand, each by its name, and nothing else."""
    return len(found.labels) == len(BONES) == len(name_bones(found).bones)


def _found(teacher: nn.Module, input_size: int, unmarked: Radiographs) -> Iterator[tuple[int, Boxes]]:
    for start in range(0, len(unmarked), LOOKED_AT):
        frames = np.asarray(unmarked.frames[start : start + LOOKED_AT])
        for offset, found in enumerate(find_twice(teacher, frames, input_size)):
            yield start + offset, sure(found, LEAST_SCORE)


def _box(corners: np.ndarray) -> Box:
    left, top, right, bottom = (float(value) for value in corners)
    return Box((left + right) / 2, (top + bottom) / 2, right - left, bottom - top)
