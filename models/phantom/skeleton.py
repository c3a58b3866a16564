"""The bones of a left hand seen from its back, in millimetres of an adult man's hand.

Hand frame: origin in the middle of the wrist, x to the thumb (right), y to the fingers (up). Sizes are
rounded anatomical means; they need to look right and to stay fixed, not to be anybody's hand.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Points = NDArray[np.float64]
"""(N, 2) x, y."""


@dataclass(frozen=True)
class End:
    """The form of a bone's end.

    width_mm; flare_mm: over this length it narrows into the shaft; rounding_mm: the corners' height;
    power: 2 a round head, 5 flat with round corners; hollow_mm: a dent in the middle; tilt_mm: how much
    higher the thumb's side is.
    """

    width_mm: float
    flare_mm: float
    rounding_mm: float
    power: float
    hollow_mm: float = 0.0
    tilt_mm: float = 0.0


@dataclass(frozen=True)
class LongBone:
    """A tubular bone from its other end (0) to its growing end (length_mm), whose epiphysis is epiphysis_mm high.

    reversed: the growing end is the proximal one (phalanges and the thumb's metacarpal).
    """

    length_mm: float
    shaft_mm: float
    other: End
    growing: End
    epiphysis_mm: float
    reversed: bool


@dataclass(frozen=True)
class Ray:
    """A metacarpal and its finger: where it begins, and the direction of each bone in degrees from y to x."""

    start_mm: tuple[float, float]
    bones: tuple[str, ...]
    directions_deg: tuple[float, ...]


def _metacarpal(length: float, shaft: float, base: float, head: float) -> LongBone:
    return LongBone(
        length,
        shaft,
        other=End(base, 0.30 * length, 1.5, 4.0, hollow_mm=0.6),
        growing=End(head, 0.32 * length, 0.36 * head, 2.2),
        epiphysis_mm=0.62 * head,
        reversed=False,
    )


def _phalanx(length: float, shaft: float, base: float, head: float) -> LongBone:
    return LongBone(
        length,
        shaft,
        other=End(head, 0.30 * length, 0.22 * head, 3.0, hollow_mm=0.07 * head),
        growing=End(base, 0.36 * length, 1.2, 4.5, hollow_mm=0.5),
        epiphysis_mm=0.30 * base + 1.3,
        reversed=True,
    )


def _distal_phalanx(length: float, shaft: float, base: float, tuft: float) -> LongBone:
    return LongBone(
        length,
        shaft,
        other=End(tuft, 0.32 * length, 0.45 * tuft, 2.4),
        growing=End(base, 0.45 * length, 1.1, 4.0, hollow_mm=0.2),
        epiphysis_mm=0.30 * base + 0.9,
        reversed=True,
    )


LONG_BONES: dict[str, LongBone] = {
    "radius": LongBone(
        235.0,
        15.0,
        End(17.0, 40.0, 0.5, 6.0),
        End(31.0, 36.0, 4.0, 4.5, hollow_mm=1.0, tilt_mm=3.6),
        8.5,
        False,
    ),
    "ulna": LongBone(
        232.0,
        12.0,
        End(15.0, 40.0, 0.5, 6.0),
        End(16.5, 22.0, 2.6, 3.5, hollow_mm=0.4, tilt_mm=-1.8),
        6.5,
        False,
    ),
    "metacarpal-1": LongBone(
        46.0, 10.0, End(14.5, 13.0, 5.0, 2.6), End(16.0, 15.0, 2.0, 4.0, hollow_mm=0.8), 6.5, True
    ),
    "metacarpal-2": _metacarpal(67.0, 9.0, 16.5, 15.0),
    "metacarpal-3": _metacarpal(64.0, 9.0, 14.0, 15.0),
    "metacarpal-4": _metacarpal(57.0, 8.0, 11.5, 13.0),
    "metacarpal-5": _metacarpal(53.0, 8.3, 12.5, 12.5),
    "proximal-phalanx-1": _phalanx(32.0, 9.4, 15.0, 12.0),
    "proximal-phalanx-2": _phalanx(41.0, 9.6, 15.5, 11.5),
    "proximal-phalanx-3": _phalanx(45.5, 9.9, 15.8, 12.2),
    "proximal-phalanx-4": _phalanx(42.5, 9.2, 14.6, 11.2),
    "proximal-phalanx-5": _phalanx(33.5, 8.0, 13.0, 9.6),
    "middle-phalanx-2": _phalanx(24.0, 8.4, 13.2, 10.0),
    "middle-phalanx-3": _phalanx(28.5, 8.8, 13.8, 10.6),
    "middle-phalanx-4": _phalanx(27.0, 8.2, 13.0, 10.2),
    "middle-phalanx-5": _phalanx(19.0, 7.2, 11.2, 8.6),
    "distal-phalanx-1": _distal_phalanx(22.5, 7.4, 13.6, 9.6),
    "distal-phalanx-2": _distal_phalanx(16.8, 5.2, 10.4, 7.4),
    "distal-phalanx-3": _distal_phalanx(18.2, 5.6, 10.9, 7.9),
    "distal-phalanx-4": _distal_phalanx(18.0, 5.4, 10.6, 7.7),
    "distal-phalanx-5": _distal_phalanx(16.0, 4.6, 9.2, 6.5),
}


def _ray(finger: int, start_mm: tuple[float, float], directions_deg: tuple[float, ...]) -> Ray:
    kinds = ("metacarpal", "proximal-phalanx", "middle-phalanx", "distal-phalanx")
    bones = tuple(f"{kind}-{finger}" for kind in kinds if not (finger == 1 and kind == "middle-phalanx"))
    return Ray(start_mm, bones, directions_deg)


RAYS: dict[int, Ray] = {
    1: _ray(1, (30.0, 22.5), (39.0, 33.0, 28.0)),
    2: _ray(2, (14.5, 33.0), (9.0, 11.0, 10.0, 9.0)),
    3: _ray(3, (3.5, 35.0), (1.0, 1.0, 1.5, 1.5)),
    4: _ray(4, (-6.5, 33.0), (-8.0, -8.0, -6.5, -5.5)),
    5: _ray(5, (-15.0, 29.5), (-17.0, -19.0, -17.0, -15.0)),
}
"""By finger, 1 is the thumb. Each bone begins where the one before ends, a joint's width on."""

FOREARM: dict[str, tuple[tuple[float, float], float]] = {
    "radius": ((8.5, -2.5), 1.5),
    "ulna": ((-17.0, -5.0), -3.0),
}
"""The middle of the wrist's end, and the direction from elbow to wrist in degrees from y to x."""

JOINT_MM = 1.6
"""Between two bones of a grown finger."""

_CARPALS: dict[str, tuple[tuple[float, float], tuple[tuple[float, float], ...]]] = {
    "capitate": (
        (3.0, 21.0),
        (
            (-4, 11),
            (4, 11.5),
            (6.5, 8),
            (5, 0),
            (6, -6),
            (3, -10.5),
            (-2, -11.5),
            (-6, -7),
            (-5.2, 0),
            (-6, 7),
        ),
    ),
    "hamate": ((-9.5, 20.0), ((-8, 9), (1, 10.5), (5, 8), (4.5, 0), (4, -8), (1, -10.5), (-4, -6), (-9, 2))),
    "triquetrum": ((-14.5, 8.5), ((-6, 4), (-1, 6.5), (5, 1), (7, -3.5), (2, -7), (-5, -4.5))),
    "lunate": ((-0.5, 3.8), ((-7, 3), (-1, 5.2), (5, 4.8), (7.3, 0), (5, -6), (-2, -7), (-7.5, -3.5))),
    "scaphoid": (
        (14.0, 7.6),
        ((-8, -3), (-6.5, 3), (-1.5, 4.6), (2.5, 8.6), (7.5, 9), (9.6, 5), (6, -1.5), (1, -6.5), (-4, -8)),
    ),
    "trapezium": ((22.5, 19.5), ((-6, 1), (-3.5, 7), (2, 8), (7, 4), (7.5, -2), (3, -7), (-4, -5))),
    "trapezoid": ((13.8, 24.8), ((-5.5, 4), (0, 6.2), (5.5, 4), (5, -3), (0, -5.8), (-4.6, -4))),
    "pisiform": ((-16.5, 7.0), ((-4, 2.5), (0, 5), (4, 3), (4.3, -2.5), (0, -4.8), (-4, -3))),
}


def carpals() -> dict[str, tuple[Points, Points]]:
    """Centre (1, 2) and smooth outline around it (N, 2), mm, of each of the eight carpals."""
    return {
        name: (np.array([centre], dtype=np.float64), 1.1 * smooth(np.array(corners, dtype=np.float64)))
        for name, (centre, corners) in _CARPALS.items()
    }


def smooth(corners: Points, rounds: int = 3) -> Points:
    """A closed polygon with its corners cut (Chaikin, CGIP 1974;3:346-349)."""
    for _ in range(rounds):
        following = np.roll(corners, -1, axis=0)
        corners = np.stack([0.75 * corners + 0.25 * following, 0.25 * corners + 0.75 * following], axis=1)
        corners = corners.reshape(-1, 2)
    return corners
