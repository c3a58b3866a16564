"""The line from the knuckles through the wrist: which part of a frame is forearm."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.data.annotations import HandKeyPoints

FINGERS = ("thumb", "forefinger", "middle_finger", "ring_finger", "pinky_finger")
"""As `models.data.annotations.KEY_POINTS` names them."""
Points = NDArray[np.float64]
"""(P, 2) x, y in pixels."""


@dataclass(frozen=True)
class Axis:
    """wrist: x, y in pixels; along: the unit vector towards the forearm; palm_px: from the knuckles to the wrist."""

    wrist: Points
    along: Points
    palm_px: float

    def beyond_wrist(self, shape: tuple[int, ...]) -> NDArray[np.bool_]:
        """(H, W) true on the side of the forearm."""
        return self.beyond_wrist_px(shape) > 0

    def beyond_wrist_px(self, shape: tuple[int, ...]) -> NDArray[np.float64]:
        """(H, W) how far each pixel lies beyond the wrist; negative on the hand."""
        rows, columns = np.mgrid[: shape[0], : shape[1]]
        return np.asarray((columns - self.wrist[0]) * self.along[0] + (rows - self.wrist[1]) * self.along[1])


def axis_of(hand: HandKeyPoints, shape: tuple[int, ...]) -> Axis:
    """Of a frame of height and width `shape`. Raises ValueError where knuckles and wrist fall together."""
    wrist = places(hand, ("wrist",), shape)[0]
    knuckles = places(hand, tuple(f"{finger}1" for finger in FINGERS[1:]), shape).mean(0)
    palm = float(np.linalg.norm(wrist - knuckles))
    if palm < 1:
        raise ValueError(f"id {hand.id}: the wrist lies on the knuckles; put its key points right")
    return Axis(wrist, (wrist - knuckles) / palm, palm)


def places(hand: HandKeyPoints, names: tuple[str, ...], shape: tuple[int, ...]) -> Points:
    """Where these key points lie, in pixels of a frame of height and width `shape`."""
    height, width = shape[:2]
    return np.array([(hand.points[name].x * width, hand.points[name].y * height) for name in names])
