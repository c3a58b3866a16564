"""Draws the phantom: a radiograph whose bone age, sex and geometry are known because they were chosen."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

import cv2
import numpy as np
from numpy.typing import NDArray

from models.phantom.anatomy import Hand, Individual, hand
from models.phantom.damage import covering_label, lower_resolution, poisson_noise
from models.phantom.exposure import expose, mark
from models.phantom.maturity import OLDEST_MONTHS, RUS_BONES, Maturity, Sex
from models.phantom.painting import Canvas, Tissue, add_bone, flesh_thickness
from models.phantom.skeleton import Points
from models.phantom.skin import skin

_OVERSAMPLING = 2
_FRAME_MM = (290.0, 226.0)
"""Height and width that a frame around a grown man's hand shows; both fit."""
_MIDDLE_MM = (15.0, 80.0)
"""The middle of the frame in the hand frame."""


@dataclass(frozen=True)
class Phantom:
    """A drawn radiograph and what is known of it. Pixel centres are whole numbers, x right, y down.

    pixels: (H, W) float32 in [0, 1], bone bright.
    points: (x, y) by name: each of the 13 RUS bones (middle of its growing end), tip-1 to tip-5, wrist.
    boxes: (left, top, right, bottom) around the growing end of each RUS bone.
    maturities: stage of each of the 21 long bones.  spacing_mm: of a square pixel, at the hand.
    hand_mask: (H, W) bool, true on the hand.
    """

    pixels: NDArray[np.float32]
    points: Mapping[str, tuple[float, float]]
    boxes: Mapping[str, tuple[float, float, float, float]]
    maturities: Mapping[str, Maturity] = field(repr=False)
    spacing_mm: float
    hand_mask: NDArray[np.bool_] = field(repr=False)


@dataclass(frozen=True)
class View:
    """Hand frame (mm, y up) to pixels (y down); mirrored (a right hand) in a frame of this width."""

    px_per_mm: float
    turn_deg: float
    centre_mm: Points
    centre_px: Points
    width: int
    mirrored: bool

    def __call__(self, points_mm: Points) -> Points:
        cosine, sine = np.cos(np.deg2rad(self.turn_deg)), np.sin(np.deg2rad(self.turn_deg))
        turned = (points_mm - self.centre_mm) @ np.array([[cosine, sine], [-sine, cosine]])
        pixels = turned * [self.px_per_mm, -self.px_per_mm] + self.centre_px
        return np.asarray([self.width - 1, 0] + pixels * [-1, 1] if self.mirrored else pixels)


def draw(
    bone_age_months: float,
    sex: Sex,
    *,
    seed: int = 0,
    height: int = 1024,
    width: int = 800,
    marker: bool = True,
    poisson: bool = False,
    label: bool = False,
    low_resolution: bool = False,
    right_hand: bool = False,
    graded: Mapping[str, Maturity] = MappingProxyType({}),
) -> Phantom:
    """Draw one hand: bone age 1 to 228 months, "F" or "M"; the seed chooses the individual and the exposure.

    The same arguments give the same pixels. marker: a side letter away from the hand. poisson, label,
    low_resolution: damage (`models.phantom.damage`). right_hand: mirrored, with an R.
    graded: stages of long bones by name, in place of those of the bone age (`models.phantom.levels`).
    Raises ValueError for another sex, age, or a frame of less than 64 pixels a side.
    """
    _check(bone_age_months, height, width)
    rng = np.random.default_rng(seed)
    anatomy = hand(bone_age_months, sex, Individual.drawn(rng), graded)
    view = _view(anatomy, height, width, right_hand, rng)
    bone, flesh = _bone(anatomy, view, height, width), _flesh(anatomy, view, height, width)
    pixels = expose(bone, flesh, rng)
    if marker:
        mark(pixels, flesh, "R" if right_hand else "L", rng)
    return Phantom(
        pixels=_damaged(pixels, rng, poisson=poisson, label=label, low_resolution=low_resolution),
        points=_points(anatomy, view),
        boxes={bone: _box(view(anatomy.growth[bone]), height, width) for bone in RUS_BONES},
        maturities=anatomy.maturities,
        spacing_mm=1 / view.px_per_mm,
        hand_mask=flesh > 0.05,
    )


def _damaged(pixels: Canvas, rng: np.random.Generator, *, poisson: bool, label: bool, low_resolution: bool) -> Canvas:
    pixels = lower_resolution(pixels) if low_resolution else pixels
    pixels = poisson_noise(pixels, rng) if poisson else pixels
    return covering_label(pixels, rng) if label else pixels


def _check(bone_age_months: float, height: int, width: int) -> None:
    if not 1 <= bone_age_months <= OLDEST_MONTHS:
        raise ValueError(f"bone age is 1 to {OLDEST_MONTHS:g} months, not {bone_age_months:g}")
    if min(height, width) < 64:
        raise ValueError(f"a frame has at least 64 pixels a side, not {min(height, width)}")


def _view(anatomy: Hand, height: int, width: int, mirrored: bool, rng: np.random.Generator) -> View:
    """Small hands get a smaller frame, though not by as much: like a radiographer's collimation."""
    shown = 0.34 + 0.66 * anatomy.scale
    px_per_mm = min(height / _FRAME_MM[0], width / _FRAME_MM[1]) / shown
    return View(
        px_per_mm=px_per_mm,
        turn_deg=float(rng.uniform(-7, 7)),
        centre_mm=np.array(_MIDDLE_MM) * anatomy.scale,
        centre_px=(np.array([0.5, 0.5]) + rng.uniform(-0.025, 0.025, 2)) * [width, height],
        width=width,
        mirrored=mirrored,
    )


def _bone(anatomy: Hand, view: View, height: int, width: int) -> Canvas:
    """Absorption by bone, drawn finer than the frame and averaged down: (H, W) float32."""
    fine = np.zeros((height * _OVERSAMPLING, width * _OVERSAMPLING), np.float32)
    mm_per_px = 1 / (view.px_per_mm * _OVERSAMPLING)
    for part in anatomy.parts:
        add_bone(
            fine,
            _finer(view(part.outline)),
            part.weight * part.density,
            mm_per_px=mm_per_px / anatomy.scale,
            tissue=Tissue(),
            axis=None if part.axis is None else _finer(view(part.axis)),
        )
    return np.asarray(cv2.resize(fine, (width, height), interpolation=cv2.INTER_AREA), dtype=np.float32)


def _flesh(anatomy: Hand, view: View, height: int, width: int) -> Canvas:
    """Thickness of flesh, 0 to 1: (H, W) float32; soft enough to be drawn at half the size."""
    shape = (height // 2, width // 2)
    px_per_mm = view.px_per_mm * anatomy.scale / 2
    covered = skin(anatomy, lambda points: (view(points) + 0.5) / 2 - 0.5, view.px_per_mm / 2)
    coarse = flesh_thickness(shape, covered, depth_px=11.5 * px_per_mm, web_px=2.6 * px_per_mm)
    return np.asarray(cv2.resize(coarse, (width, height), interpolation=cv2.INTER_LINEAR), dtype=np.float32)


def _finer(points: Points) -> Points:
    """Frame pixels to pixels of the oversampled canvas; centres stay at whole numbers."""
    return np.asarray((points + 0.5) * _OVERSAMPLING - 0.5)


def _points(anatomy: Hand, view: View) -> dict[str, tuple[float, float]]:
    known = {bone: anatomy.centres[bone] for bone in RUS_BONES}
    known |= {f"tip-{finger}": path[-1:] for finger, path in anatomy.rays.items()}
    known["wrist"] = np.zeros((1, 2))
    return {name: (float(view(point)[0, 0]), float(view(point)[0, 1])) for name, point in known.items()}


def _box(corners: Points, height: int, width: int) -> tuple[float, float, float, float]:
    """The upright box around the corners, inside the frame."""
    left, top = corners.min(axis=0).clip(0).tolist()
    right, bottom = corners.max(axis=0).clip(None, [width - 1, height - 1]).tolist()
    return left, top, right, bottom
