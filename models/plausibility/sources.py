"""Whole hands to spoil: radiographs with the box that the hand detector finds, and phantoms."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from models.attention.coarse import Box
from models.data.folder import FolderSource
from models.data.labels import Label, Split
from models.detection.boxes import Boxes
from models.detection.finding import find
from models.detection.hand import SCORE_THRESHOLD
from models.detection.phantoms import phantom_outline
from models.phantom.drawing import draw
from models.plausibility.hands import Hand
from models.preprocess import standard_frame
from models.registry import LoadedModel

DETECTOR = "hand_detector"
_PHANTOM_PX = 400, 312
_SEEDS = {Split.TRAIN: 5_000_000, Split.SELECT: 6_000_000, Split.CALIBRATE: 7_000_000, Split.TEST: 8_000_000}


def radiograph_hands(data: Path, labels: Sequence[Label], detector: LoadedModel) -> list[Hand]:
    """Those of a data folder in whose frame the detector is sure of a hand, in the order of the shards."""
    hands = []
    for _, pixels in FolderSource(data).pixels(labels):
        (found,) = find(detector.network, standard_frame(pixels)[None], detector.card.input_size)
        box = _box(found)
        if box is not None:
            hands.append(Hand(pixels, box))
    return hands


def phantom_hands(split: Split, count: int) -> list[Hand]:
    """`count` phantoms of ages 1 to 228 months, each split others; a quarter is damaged as a poor radiograph may be."""
    return [_phantom_hand(np.random.default_rng(_SEEDS[split] + n)) for n in range(count)]


def spread(labels: Sequence[Label], split: Split, count: int) -> tuple[Label, ...]:
    """At most so many labels of a split, evenly spread over the file."""
    inside = [label for label in labels if label.split is split]
    places = np.linspace(0, len(inside) - 1, min(count, len(inside))).round().astype(int)
    return tuple(inside[place] for place in places)


def _box(found: Boxes) -> Box | None:
    """The best-scored box, where it is sure, cut at the frame."""
    if not len(found.scores) or found.scores[0] < SCORE_THRESHOLD:
        return None
    left, top, right, bottom = (float(value) for value in found.boxes[0].clip(0, 1))
    return Box(left, top, right, bottom) if left < right and top < bottom else None


def _phantom_hand(rng: np.random.Generator) -> Hand:
    damage: dict[str, Any] = dict.fromkeys(["poisson", "label", "low_resolution"], False)
    if rng.random() < 0.25:
        damage[str(rng.choice(list(damage)))] = True
    months, height = float(rng.uniform(1, 228)), _PHANTOM_PX[0]
    phantom = draw(
        months, "F" if rng.random() < 0.5 else "M", seed=int(rng.integers(2**31)), height=height,
        width=_PHANTOM_PX[1], marker=bool(rng.random() < 0.7), right_hand=bool(rng.random() < 0.5), **damage,
    )  # fmt: skip
    (left, top), (right, bottom) = (side(phantom_outline(phantom), axis=0).clip(0, 1) for side in (np.min, np.max))
    return Hand(phantom.pixels, Box(float(left), float(top), float(right), float(bottom)))
