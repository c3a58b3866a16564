"""Outlines of a long bone's pieces at one stage: shaft, epiphysis, both as one, and the line where they met.

Bone frame: x across (to the thumb when the bone points up), y along from the other end (0) to the joint at
the growing end (length_mm); adult millimetres. Widths grow towards the ends by monotone curves.
"""

from dataclasses import dataclass

import numpy as np
from scipy.interpolate import PchipInterpolator

from models.phantom.maturity import Maturity
from models.phantom.skeleton import End, LongBone, Points

_CORNERS = np.sin(np.linspace(-np.pi / 2, np.pi / 2, 25))
_METAPHYSIS = End(width_mm=0.0, flare_mm=0.0, rounding_mm=1.0, power=5.0, hollow_mm=-0.5)


@dataclass(frozen=True)
class Pieces:
    """Outlines (N, 2) in the bone frame; None where there is nothing. plate_mm: y of the plate."""

    shaft: Points
    epiphysis: Points | None
    whole: Points | None
    scar: Points | None
    plate_mm: float


def pieces(bone: LongBone, stage: Maturity, *, cartilage: float) -> Pieces:
    """The outlines of one bone.

    cartilage: 0 (grown) to 1 (newborn), how much of the ends is not bone yet.
    """
    height = bone.epiphysis_mm * (1 + 0.55 * cartilage)
    start = 0.07 * cartilage * bone.length_mm
    meta = bone.length_mm - height
    plate = min(stage.plate_mm, 0.45 * height)
    whole = _tube(bone, start, meta, bone.length_mm, bone.growing) if stage.fusion > 0 else None
    return Pieces(
        shaft=_tube(bone, start, meta, meta, _METAPHYSIS),
        epiphysis=_epiphysis(bone, stage, meta + plate, cartilage) if stage.epiphysis > 0 else None,
        whole=whole,
        scar=_scar(bone, meta) if stage.scar > 0 else None,
        plate_mm=meta,
    )


def _tube(bone: LongBone, start: float, meta: float, end: float, top: End) -> Points:
    """The tube from start to end, as wide as the growing end from meta on; its top has the form of `top`."""
    rise = min(1.0, (meta - start) / bone.length_mm)
    other, growing = bone.other, bone.growing
    low, high = start + other.flare_mm * rise, meta - growing.flare_mm * rise
    if high - low < 1.0:
        low = high = (low + high) / 2
        low, high = low - 0.5, high + 0.5
    knots = [start, start + 0.3 * (low - start), low, high, meta - 0.28 * (meta - high), meta]
    widths = [0.95 * other.width_mm, other.width_mm, bone.shaft_mm, bone.shaft_mm, growing.width_mm * 0.97]
    half = PchipInterpolator(knots, np.array([*widths, growing.width_mm]) / 2)
    along = np.linspace(start + other.rounding_mm, end - top.rounding_mm, 40)
    side = np.stack([half(along.clip(None, meta)), along], axis=1)
    upper = _edge(end, float(half(min(end - top.rounding_mm, meta))), top)
    lower = _edge(-start, float(half(start + other.rounding_mm)), other) * [1, -1]
    return np.concatenate([side, upper[::-1], side[::-1] * [-1, 1], lower])


def _edge(y: float, half_width: float, end: End) -> Points:
    """The end's contour from left to right, highest at y."""
    arch = _arch(_CORNERS, end.power)
    rise = y - end.rounding_mm * (1 - arch) - end.hollow_mm * (1 - _CORNERS**2) + end.tilt_mm * _CORNERS
    return np.stack([half_width * _CORNERS, rise], axis=1)


def _epiphysis(bone: LongBone, stage: Maturity, bottom: float, cartilage: float) -> Points:
    """An ossicle that becomes a disc, then takes the joint's form and caps the shaft."""
    size, end = stage.epiphysis, bone.growing
    top = bone.length_mm - 0.6 * cartilage
    zone = top - bottom
    height = zone * (0.34 + 0.66 * size)
    middle = bottom + 0.5 * zone - 0.5 * (zone - height) * size
    half_width = max(0.5 * end.width_mm * size * (1 + 0.03 * stage.cap), 0.45 * height)
    ripe = size * size
    upper_share = 0.5 + 0.2 * ripe * (end.power < 3)
    upper = middle + height * (upper_share * _arch(_CORNERS, 2 + (end.power - 2) * ripe) - upper_share + 0.5)
    upper += ripe * (end.tilt_mm * _CORNERS - end.hollow_mm * (1 - _CORNERS**2))
    lower = middle - height * ((1 - upper_share) * _arch(_CORNERS, 2 + 3 * ripe) + upper_share - 0.5)
    lower += ripe * 0.5 * (1 - _CORNERS**2) - stage.cap * 0.13 * bone.epiphysis_mm * np.abs(_CORNERS) ** 6
    across = half_width * _CORNERS
    return np.concatenate([np.stack([across, upper], axis=1), np.stack([across, lower], axis=1)[::-1]])


def _scar(bone: LongBone, y: float) -> Points:
    """A thin dense band where the growth plate was."""
    half_width, half_height = 0.46 * bone.growing.width_mm, 0.45
    bend = 0.5 * (1 - _CORNERS**2)
    across = half_width * _CORNERS
    upper = np.stack([across, y + bend + half_height], axis=1)
    return np.concatenate([upper, np.stack([across, y + bend - half_height], axis=1)[::-1]])


def _arch(across: Points, power: float) -> Points:
    """1 in the middle, 0 at both sides: a superellipse."""
    return np.asarray((1 - np.abs(across) ** power).clip(0) ** (1 / power))
