"""Draws the phantom: a hand radiograph whose bone age, sex and geometry are known because they were chosen."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from models.phantom.anatomy import FOREARM_SHOWN_MM, Hand, Individual, hand
from models.phantom.damage import Damage, damaged
from models.phantom.maturity import OLDEST_MONTHS, RUS_BONES, Maturity, Sex
from models.phantom.painting import Canvas, Flesh, Tissue, add_bone, flesh_thickness
from models.phantom.skeleton import Points

_OVERSAMPLING = 2
_FINGER_RADII_MM = (10.5, 9.6, 8.4, 7.2, 4.6)
_THUMB_RADII_MM = (13.0, 12.0, 9.8, 6.2)
_TISSUE = Tissue()


@dataclass(frozen=True)
class Phantom:
    """A drawn radiograph and what is known of it. Pixel centres are whole numbers, x right, y down.

    pixels: (H, W) float32 in [0, 1], bone bright.
    points: (x, y) by name: each of the 13 RUS bones (middle of its growing end), tip-1 to tip-5, wrist.
    boxes: (left, top, right, bottom) around the growing end of each RUS bone.
    maturities: stage of each of the 21 long bones.  spacing_mm: of a square pixel, at the hand.
    hand_mask: (H, W) bool, true on the skin.
    """

    pixels: NDArray[np.float32]
    points: Mapping[str, tuple[float, float]]
    boxes: Mapping[str, tuple[float, float, float, float]]
    maturities: Mapping[str, Maturity] = field(repr=False)
    spacing_mm: float
    hand_mask: NDArray[np.bool_] = field(repr=False)


@dataclass(frozen=True)
class View:
    """Hand frame (mm, y up) to image pixels: turn, scale, shift; mirrored for a right hand."""

    px_per_mm: float
    turn_deg: float
    centre_mm: tuple[float, float]
    centre_px: tuple[float, float]

    def __call__(self, points_mm: Points) -> Points:
        angle = np.deg2rad(self.turn_deg)
        turned = (points_mm - self.centre_mm) @ np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
        return np.asarray(turned * [self.px_per_mm, -self.px_per_mm] + self.centre_px)


def draw(
    bone_age_months: float,
    sex: Sex,
    *,
    seed: int = 0,
    height: int = 1024,
    width: int = 800,
    marker: bool = True,
    right_hand: bool = False,
    damage: Damage = Damage(),  # noqa: B008 frozen
) -> Phantom:
    """Draw one hand: bone age 1 to 228 months, "F" or "M"; the seed chooses the individual, not the age.

    The same arguments give the same pixels. marker: a side letter away from the hand.
    Raises ValueError for another sex, age or a frame below 64 pixels.
    """
    if not 1 <= bone_age_months <= OLDEST_MONTHS:
        raise ValueError(f"bone age is 1 to {OLDEST_MONTHS:g} months, not {bone_age_months:g}")
    if min(height, width) < 64:
        raise ValueError(f"a frame has at least 64 pixels a side, not {min(height, width)}")
    rng = np.random.default_rng(seed)
    anatomy = hand(bone_age_months, sex, Individual.drawn(rng))
    view = _view(anatomy, height, width, rng)
    bone, flesh = _bone(anatomy, view, height, width), _flesh(anatomy, view, height, width)
    known = _known(anatomy, view, bone, flesh)
    if right_hand:
        known, bone, flesh = _mirrored(known), bone[:, ::-1], flesh[:, ::-1]
    pixels = _exposed(bone, flesh, rng)
    if marker:
        _mark(pixels, flesh, "R" if right_hand else "L", rng)
    return replace(known, pixels=damaged(pixels, damage, rng))
