"""The skin around the bones: fingers, palm, thenar and forearm."""

from collections.abc import Callable

import numpy as np

from models.phantom.anatomy import Hand
from models.phantom.painting import Flesh
from models.phantom.skeleton import Points

_FINGER_RADII_MM = (12.0, 11.0, 9.6, 8.3, 7.0)
_LITTLE_RADII_MM = (11.0, 10.0, 8.3, 7.2, 6.0)
_THUMB_RADII_MM = (17.0, 13.5, 11.0, 8.0)
_TIP_INSET_MM = 3.2
_FOREARM_MM = ((-29.0, -4.0), (30.0, -4.0), (41.0, -260.0), (-40.0, -260.0))


def skin(hand: Hand, to_px: Callable[[Points], Points], px_per_mm: float) -> Flesh:
    """What flesh covers, in pixels of a canvas; to_px maps (N, 2) mm, px_per_mm scales radii.

    Small hands are plumper than grown ones.
    """
    mm = hand.scale
    thick = mm * px_per_mm * (1 + 0.22 * max(0.0, 1 - mm))
    limbs = []
    for finger, path in hand.rays.items():
        tip = path[-1] - (path[-1] - path[-2]) * min(1.0, _TIP_INSET_MM * mm / np.linalg.norm(path[-1] - path[-2]))
        joints = to_px(np.concatenate([path[:-1], tip[None]]))
        limbs.append(np.column_stack([joints, np.array(_radii(finger)) * thick]))
    polygons = (_palm(hand), _thenar(hand), np.array(_FOREARM_MM) * mm)
    return Flesh(polygons=tuple(to_px(polygon) for polygon in polygons), limbs=tuple(limbs))


def _radii(finger: int) -> tuple[float, ...]:
    return {1: _THUMB_RADII_MM, 5: _LITTLE_RADII_MM}.get(finger, _FINGER_RADII_MM)


def _palm(hand: Hand) -> Points:
    """From the wrist over the knuckles; the fingers part a little beyond them."""
    mm = hand.scale
    knuckles = [hand.rays[finger][1] + 0.28 * (hand.rays[finger][2] - hand.rays[finger][1]) for finger in (5, 4, 3, 2)]
    wrist = np.array([(30.0, -6.0), (-29.0, -6.0), (-31.0, 14.0)]) * mm
    return np.concatenate([np.stack(knuckles), hand.rays[1][:1] + np.array([6 * mm, 0.0]), wrist])


def _thenar(hand: Hand) -> Points:
    """The muscle between the thumb's metacarpal and the index's."""
    thumb, index = hand.rays[1], hand.rays[2]
    web = index[0] + 0.62 * (index[1] - index[0])
    return np.stack([thumb[0], thumb[0] + 0.82 * (thumb[1] - thumb[0]), web, index[0]])
