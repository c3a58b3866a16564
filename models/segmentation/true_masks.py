"""The hands of a data folder whose masks are true, and which of them are never trained on."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from models.data.annotations import read_hand_masks
from models.segmentation.masks import Mask, clean

HELD_OUT_EVERY, HELD_OUT_FIRST = 5, 2
"""Of the ids in ascending order the third and every fifth from there are held out: 8 of 39."""
_LESS = 0.5
"""Hands are kept at half their size, which is finer than any standard frame shows them."""


@dataclass(frozen=True)
class TrueHand:
    """pixels: (H, W) float32 in [0, 1], 0 outside the mask. mask: (H, W) bool, one component without holes."""

    id: int
    pixels: NDArray[np.float32]
    mask: Mask

    @property
    def cut(self) -> tuple[bool, bool, bool, bool]:
        """Whether the hand goes on beyond the left, top, right and bottom side of its picture."""
        sides = self.mask[:, 0], self.mask[0], self.mask[:, -1], self.mask[-1]
        left, top, right, bottom = (bool(side.any()) for side in sides)
        return left, top, right, bottom


def load_true_hands(data: Path) -> tuple[tuple[TrueHand, ...], tuple[TrueHand, ...]]:
    """Those to train on and those held out. Raises ValueError where the folder has none."""
    hands = [_hand(*each) for each in read_hand_masks(data)]
    if len(hands) <= HELD_OUT_FIRST:
        raise ValueError(f"{data / 'segmented'}: {len(hands)} hands with a true mask; at least 3 are needed")
    held = held_out([hand.id for hand in hands])
    return tuple(hand for hand in hands if hand.id not in held), tuple(hand for hand in hands if hand.id in held)


def held_out(ids: Iterable[int]) -> frozenset[int]:
    """Which ids are never trained on, as a rule of the ids alone."""
    return frozenset(sorted(ids)[HELD_OUT_FIRST::HELD_OUT_EVERY])


def _hand(id: int, pixels: NDArray[np.float32], mask: Mask) -> TrueHand:
    size = round(pixels.shape[1] * _LESS), round(pixels.shape[0] * _LESS)
    whole = clean(mask)
    smaller = cv2.resize(np.where(whole, pixels, 0).astype(np.float32), size, interpolation=cv2.INTER_AREA)
    inside = clean(cv2.resize(whole.astype(np.float32), size, interpolation=cv2.INTER_AREA) > 0.5)
    return TrueHand(id, np.where(inside, smaller, 0).astype(np.float32), inside)
