"""When each bone of the phantom ossifies, widens, caps and fuses.

The ages are orders of magnitude, not a standard: appearance after the medians of Garn, Rohmann and Silverman
(Med Radiogr Photogr 1967;43:45-66), widening and fusion after the descriptions of Greulich and Pyle (1959),
rounded. Bone age is the only clock, so that a nominal bone age gives one definite stage of every bone.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np

Sex = Literal["F", "M"]
"""The letters of Patient's Sex (0010,0040)."""

OLDEST_MONTHS = 228.0
"""The scale ends here."""

_SCAR_LASTS_MONTHS = 30.0
_PLATE_OPENS_MM = 1.4
_PLATE_BEFORE_FUSION_MM = 0.65

RUS_BONES = (
    "radius",
    "ulna",
    "metacarpal-1",
    "metacarpal-3",
    "metacarpal-5",
    "proximal-phalanx-1",
    "proximal-phalanx-3",
    "proximal-phalanx-5",
    "middle-phalanx-3",
    "middle-phalanx-5",
    "distal-phalanx-1",
    "distal-phalanx-3",
    "distal-phalanx-5",
)
"""The thirteen bones of the RUS score (Tanner and Whitehouse), in the order of the report."""


@dataclass(frozen=True)
class Schedule:
    """Bone ages, months: an epiphysis appears, is as wide as its metaphysis, begins to fuse, is fused."""

    appears: float
    as_wide: float
    fuses: float
    fused: float


@dataclass(frozen=True)
class Maturity:
    """How far one long bone is.

    epiphysis: width of the ossified epiphysis in parts of the metaphysis, 0 (not there) to 1.
    cap: how far its edges reach over the metaphysis, 0 to 1.
    plate_mm: width of the growth plate, adult mm; 0 once fused.
    fusion: 0 (open) to 1 (one bone).  scar: 0 to 1, the line that stays for a while after fusion.
    """

    epiphysis: float
    cap: float
    plate_mm: float
    fusion: float
    scar: float


_LONG_BONES: dict[str, tuple[Schedule, Schedule]] = {
    "radius": (Schedule(10, 112, 178, 204), Schedule(13, 136, 200, 222)),
    "ulna": (Schedule(65, 138, 174, 194), Schedule(85, 164, 197, 214)),
    "metacarpal-1": (Schedule(19, 102, 156, 168), Schedule(31, 128, 184, 197)),
    "metacarpal-2": (Schedule(13, 104, 160, 176), Schedule(19, 130, 188, 202)),
    "metacarpal-3": (Schedule(13, 104, 160, 176), Schedule(20, 130, 188, 202)),
    "metacarpal-4": (Schedule(15, 105, 161, 177), Schedule(23, 131, 189, 203)),
    "metacarpal-5": (Schedule(16, 106, 162, 178), Schedule(26, 132, 190, 204)),
    "proximal-phalanx-1": (Schedule(20, 98, 156, 171), Schedule(36, 122, 186, 199)),
    "proximal-phalanx-2": (Schedule(11, 94, 156, 171), Schedule(16, 118, 186, 199)),
    "proximal-phalanx-3": (Schedule(10, 94, 156, 171), Schedule(16, 118, 186, 199)),
    "proximal-phalanx-4": (Schedule(11, 95, 157, 172), Schedule(17, 119, 187, 200)),
    "proximal-phalanx-5": (Schedule(14, 97, 158, 173), Schedule(21, 121, 188, 201)),
    "middle-phalanx-2": (Schedule(16, 104, 162, 177), Schedule(26, 130, 191, 204)),
    "middle-phalanx-3": (Schedule(15, 103, 162, 177), Schedule(24, 128, 190, 203)),
    "middle-phalanx-4": (Schedule(15, 103, 162, 177), Schedule(24, 129, 191, 204)),
    "middle-phalanx-5": (Schedule(22, 106, 163, 178), Schedule(40, 133, 192, 205)),
    "distal-phalanx-1": (Schedule(12, 100, 149, 161), Schedule(18, 126, 179, 191)),
    "distal-phalanx-2": (Schedule(23, 104, 151, 163), Schedule(37, 131, 181, 193)),
    "distal-phalanx-3": (Schedule(18, 102, 150, 162), Schedule(28, 128, 180, 192)),
    "distal-phalanx-4": (Schedule(18, 102, 150, 162), Schedule(28, 128, 180, 192)),
    "distal-phalanx-5": (Schedule(23, 104, 151, 163), Schedule(37, 131, 181, 193)),
}
"""Girls, boys. Both sexes of a row go through the same stages; girls do so earlier."""

_ROUND_BONES: dict[str, tuple[tuple[float, float], tuple[float, float]]] = {
    "capitate": ((2, 132), (3, 160)),
    "hamate": ((2, 134), (4, 162)),
    "triquetrum": ((20, 138), (29, 166)),
    "lunate": ((31, 138), (48, 166)),
    "scaphoid": ((49, 140), (68, 168)),
    "trapezium": ((49, 142), (70, 170)),
    "trapezoid": ((50, 138), (75, 166)),
    "pisiform": ((108, 150), (136, 178)),
    "sesamoid": ((121, 150), (152, 180)),
}
"""Girls, boys: the bone age at which a carpal (or the thumb's sesamoid) appears, and has its final shape."""

_GROWTH_MONTHS = {
    "F": (0, 12, 24, 48, 84, 120, 144, 168, 192),
    "M": (0, 12, 24, 54, 96, 138, 166, 190, 210),
}
_GROWTH_SHARE = (0.36, 0.47, 0.54, 0.66, 0.78, 0.88, 0.95, 0.99, 1.0)
_ADULT_SHARE = {"F": 0.92, "M": 1.0}


def sex_index(sex: Sex) -> int:
    """Column of a sex in the tables. Raises ValueError for anything but F and M."""
    if sex not in ("F", "M"):
        raise ValueError(f"sex is F or M, not {sex!r}")
    return ("F", "M").index(sex)


def long_bone(bone: str, bone_age_months: float, sex: Sex) -> Maturity:
    """The stage of one long bone; `bone` is a name such as "radius" or "middle-phalanx-3"."""
    due = _LONG_BONES[bone][sex_index(sex)]
    grown = _share(bone_age_months, due.appears, due.as_wide)
    fusion = _share(bone_age_months, due.fuses, due.fused)
    open_mm = np.interp(
        bone_age_months,
        [0.0, due.as_wide, due.fuses, due.fused],
        [2.2 * _PLATE_OPENS_MM, _PLATE_OPENS_MM, _PLATE_BEFORE_FUSION_MM, 0.0],
    )
    return Maturity(
        epiphysis=0.0 if bone_age_months < due.appears else 0.16 + 0.84 * grown**0.8,
        cap=_share(bone_age_months, due.as_wide, due.fuses),
        plate_mm=float(open_mm),
        fusion=fusion,
        scar=1.0 - _share(bone_age_months, due.fused, due.fused + _SCAR_LASTS_MONTHS) if fusion >= 1 else fusion,
    )


def long_bones(bone_age_months: float, sex: Sex) -> dict[str, Maturity]:
    """The stage of each of the 21 long bones, by name."""
    return {bone: long_bone(bone, bone_age_months, sex) for bone in _LONG_BONES}


def round_bones(bone_age_months: float, sex: Sex) -> dict[str, float]:
    """Size of each carpal and the sesamoid in parts of its final one: 0 (not there) to 1."""
    column = sex_index(sex)
    sizes = {}
    for bone, due in _ROUND_BONES.items():
        appears, complete = due[column]
        grown = _share(bone_age_months, appears, complete)
        sizes[bone] = 0.0 if bone_age_months < appears else 0.22 + 0.78 * grown**0.75
    return sizes


def hand_size(bone_age_months: float, sex: Sex) -> float:
    """Length of the hand in parts of an adult man's, 0.3 to 1."""
    sex_index(sex)
    share = np.interp(bone_age_months, _GROWTH_MONTHS[sex], _GROWTH_SHARE)
    return float(share) * _ADULT_SHARE[sex]


def _share(age: float, start: float, end: float) -> float:
    return float(np.clip((age - start) / (end - start), 0.0, 1.0))
