"""Coarse attention: the foreground of the hand, cut out and drawn over the whole frame (RegressionCNN II.B)."""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray


@dataclass(frozen=True)
class Box:
    """A hand's box as fractions of the frame: 0 <= left < right <= 1, 0 <= top < bottom <= 1."""

    left: float
    top: float
    right: float
    bottom: float

    def __post_init__(self) -> None:
        if not (0 <= self.left < self.right <= 1 and 0 <= self.top < self.bottom <= 1):
            raise ValueError(f"a box lies in the frame and has an inside; this one does not: {self}")


WHOLE = Box(0.0, 0.0, 1.0, 1.0)


def on_pixels(box: Box, side_px: int) -> Box:
    """The box that `crop` really cuts out of a square frame of so many pixels: its edges are edges of pixels."""
    (top, bottom), (left, right) = _span(box.top, box.bottom, side_px), _span(box.left, box.right, side_px)
    return Box(left / side_px, top / side_px, right / side_px, bottom / side_px)


def crop(frame: NDArray[np.uint8], box: Box) -> NDArray[np.uint8]:
    """What the box holds, resized to the frame's own size: (H, W) uint8 -> (H, W) uint8."""
    if box == WHOLE:
        return frame
    height, width = frame.shape
    rows, columns = slice(*_span(box.top, box.bottom, height)), slice(*_span(box.left, box.right, width))
    inside = torch.from_numpy(frame[rows, columns].copy())[None, None].float()
    resized = torch.nn.functional.interpolate(
        inside, (height, width), mode="bilinear", antialias=True, align_corners=False
    )
    return np.asarray(resized[0, 0].round().clamp(0, 255).to(torch.uint8).numpy())


def _span(start: float, stop: float, pixels: int) -> tuple[int, int]:
    """First pixel and the one behind the last, at least one pixel apart."""
    first = min(int(start * pixels), pixels - 1)
    return first, max(first + 1, round(stop * pixels))
