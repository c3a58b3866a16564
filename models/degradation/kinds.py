"""The kinds of damage, what their strengths mean, and how strong each is."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from models.degradation import damage
from models.phantom.damage import Pixels, covering_label


class Kind(StrEnum):
    """Damage of one kind. The first three are BoNet+'s. New ones come last: a kind's place is part of its draws."""

    NOISE = "noise"
    LABEL = "label"
    LOW_RESOLUTION = "low-resolution"
    LETTERS = "letters"
    BLUR = "blur"
    JPEG = "jpeg"
    COLLIMATION = "collimation"
    LOW_CONTRAST = "low-contrast"


@dataclass(frozen=True)
class Damage:
    """unit: of the strength. strength: that which is measured with. least, most: what a strength may be.

    do: pixels, generator and strength -> damaged pixels.
    """

    unit: str
    strength: float
    least: float
    most: float
    do: Callable[[Pixels, np.random.Generator, float], Pixels]


DAMAGES: Mapping[Kind, Damage] = {
    Kind.LOW_RESOLUTION: Damage("times coarser", 5, 1, 32, damage.coarse),
    Kind.NOISE: Damage("photons where the image is bright", 80, 1, 10_000, damage.noisy),
    Kind.LABEL: Damage("of each side at most, in the central 60 %", 0.27, 0.05, 0.6, covering_label),
    Kind.LETTERS: Damage("of the frame's height", 0.06, 0.01, 0.3, damage.lettered),
    Kind.BLUR: Damage("of the frame's height, SD", 0.008, 0.001, 0.1, damage.blurred),
    Kind.JPEG: Damage("of 100, quality", 8, 1, 100, damage.blocky),
    Kind.COLLIMATION: Damage("of the frame at each side at most", 0.12, 0.01, 0.4, damage.collimated),
    Kind.LOW_CONTRAST: Damage("of the contrast is left", 0.15, 0.01, 1, damage.faint),
}
"""In the order in which several are done to one image, so that none hides another."""
LEARNT = (Kind.NOISE, Kind.LABEL, Kind.LOW_RESOLUTION)
"""BoNet+ 3.1.2. The others are never trained on."""
UNSEEN = tuple(kind for kind in Kind if kind not in LEARNT)


def to_kinds(values: object) -> tuple[Kind, ...]:
    """A file's list of the kinds that one image has. Raises ValueError for anything else, or a kind named twice."""
    if not isinstance(values, (list, tuple)) or len(set(values)) < len(values) or not set(values) <= set(Kind):
        raise ValueError(f"kinds of damage are a list of {', '.join(Kind)}, each at most once, not {values}")
    return tuple(Kind(value) for value in values)
