"""The stage of one bone at a level of a scale: every level is drawn differently, whatever the hand's age.

A level is a share of the bone's way from nothing to fused. Scales that grade bones tell that way in words and pictures;
here only its order is kept: the epiphysis appears, widens, caps, the plate closes, the scar goes.
"""

import numpy as np

from models.phantom.maturity import Maturity

_WIDE, _CAPPED = 0.55, 0.8
"""Shares of the way from the first ossified level to the fused one at which the epiphysis is as wide as the metaphysis,
and caps it."""
_LEAST_WIDTH = 0.2
_PLATES_MM = (3.0, 1.4, 0.65, 0.0)
"""Growth plate at the first ossified level, at both shares above, and once fused."""


def stage_of_level(level: int, count: int, within: float = 0.0) -> Maturity:
    """How a bone of `count` levels looks at one of them, 0 (no epiphysis) to count - 1 (fused, without a scar).

    within: -0.5 to 0.5, how far the bone is from this level to the one before or after; the first and the last level
    have one look. Raises ValueError for a level that the bone has not.
    """
    if not 0 <= level < count or count < 5:
        raise ValueError(f"level {level} of {count}: a bone has levels 0 to the count less 1, and at least 5")
    if level == 0:
        return Maturity(epiphysis=0.0, cap=0.0, plate_mm=_PLATES_MM[0], fusion=0.0, scar=0.0)
    if level == count - 1:
        return Maturity(epiphysis=1.0, cap=1.0, plate_mm=0.0, fusion=1.0, scar=0.0)
    way = float(np.clip((level - 1 + within) / (count - 3), 0, 1))
    fusion = float(np.interp(way, [_CAPPED, 1], [0, 1]))
    return Maturity(
        epiphysis=float(np.interp(way, [0, _WIDE], [_LEAST_WIDTH, 1])),
        cap=float(np.interp(way, [_WIDE, _CAPPED], [0, 1])),
        plate_mm=float(np.interp(way, [0, _WIDE, _CAPPED, 1], _PLATES_MM)),
        fusion=fusion,
        scar=fusion,
    )
