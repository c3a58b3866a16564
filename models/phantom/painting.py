"""From outlines to attenuation: bone by the depth below its surface, skin by the thickness of the flesh.

Works on float32 canvases; outlines are in canvas pixels (centres at whole numbers), lengths in millimetres.
"""

from dataclasses import dataclass
from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

from models.phantom.skeleton import Points

Canvas = NDArray[np.float32]

_SHIFT = 4


@dataclass(frozen=True)
class Tissue:
    """How a piece of bone absorbs: plateau of spongy bone, added rim of cortex, and their depths in mm."""

    spongy: float = 0.62
    surface_mm: float = 0.75
    cortex: float = 0.42
    cortex_mm: float = 0.7


def add_bone(
    canvas: Canvas,
    outline: Points,
    weight: float,
    *,
    mm_per_px: float,
    tissue: Tissue,
    axis: Points | None = None,
) -> None:
    """Add one piece to the canvas (H, W).

    A tube (with an axis, (2, 2) canvas pixels) has a thick cortex and little spongy bone in its middle.
    """
    low = np.floor(outline.min(axis=0)).astype(int) - 2
    high = np.ceil(outline.max(axis=0)).astype(int) + 3
    left, top = np.maximum(low, 0).tolist()
    right, bottom = np.minimum(high, [canvas.shape[1], canvas.shape[0]]).tolist()
    if right - left < 2 or bottom - top < 2:
        return
    mask = np.zeros((bottom - top, right - left), np.uint8)
    cv2.fillPoly(mask, [_fixed(outline - [left, top])], 255, cv2.LINE_8, _SHIFT)
    # Depth beyond the canvas counts too: a bone that leaves the frame has no cortex at the frame's edge.
    deep = cv2.copyMakeBorder(mask, 1, 1, 1, 1, cv2.BORDER_REPLICATE)
    depth = cv2.distanceTransform(deep, cv2.DIST_L2, 3)[1:-1, 1:-1] * np.float32(mm_per_px)
    middle = 0.0 if axis is None else _middle(axis - [left, top], mask.shape)
    canvas[top:bottom, left:right] += np.float32(weight) * _absorption(depth, middle, tissue)


def _absorption(depth: Canvas, middle: "Canvas | float", tissue: Tissue) -> Canvas:
    """depth: mm below the surface, 0 outside; middle: 1 half-way along a tube, 0 at its ends."""
    spongy = tissue.spongy * (1 - 0.42 * middle) * (1 - cv2.exp(-depth / tissue.surface_mm))
    sharp = depth / (tissue.cortex_mm * (1 + 0.9 * middle))
    rim = tissue.cortex * (1 + 0.9 * middle) * sharp * cv2.exp(1 - sharp)
    return np.asarray(spongy + rim, dtype=np.float32)


def _middle(axis: Points, shape: tuple[int, ...]) -> Canvas:
    """1 in the middle of the axis, falling to both ends, for each pixel of the patch."""
    along = axis[1] - axis[0]
    step = along / float(along @ along)
    x = np.arange(shape[1], dtype=np.float32) - np.float32(axis[0, 0])
    y = np.arange(shape[0], dtype=np.float32) - np.float32(axis[0, 1])
    share = x[None, :] * np.float32(step[0]) + y[:, None] * np.float32(step[1])
    return np.asarray((1 - ((share - 0.5) / 0.42) ** 2).clip(0, 1), dtype=np.float32)


@dataclass(frozen=True)
class Flesh:
    """What skin covers: closed polygons, and tapering limbs as rows of x, y, radius (N, 3); canvas pixels."""

    polygons: tuple[Points, ...]
    limbs: tuple[Points, ...]


def flesh_thickness(shape: tuple[int, int], flesh: Flesh, *, depth_px: float, web_px: float) -> Canvas:
    """Thickness 0 to 1 on (H, W): rises like a cylinder over depth_px below the skin; webs bridge web_px."""
    mask = np.zeros(shape, np.uint8)
    for polygon in flesh.polygons:
        cv2.fillPoly(mask, [_fixed(polygon)], 255, cv2.LINE_8, _SHIFT)
    for limb in flesh.limbs:
        _limb(mask, limb)
    blurred = cv2.GaussianBlur(mask, (0, 0), max(web_px, 0.6))
    mask = np.maximum(mask, ((blurred > 118) * 255).astype(np.uint8))
    framed = cv2.copyMakeBorder(mask, 1, 1, 1, 1, cv2.BORDER_REPLICATE)
    depth = cv2.distanceTransform(framed, cv2.DIST_L2, 5)[1:-1, 1:-1] / np.float32(depth_px)
    thickness = np.sqrt(1 - (1 - depth.clip(0, 1)) ** 2)
    return np.asarray(cv2.GaussianBlur(thickness, (0, 0), 1.5), dtype=np.float32)


def _limb(mask: NDArray[np.uint8], limb: Points) -> None:
    """Discs and the quadrilaterals between them."""
    for x, y, radius in limb:
        centre = (round(x * 2**_SHIFT), round(y * 2**_SHIFT))
        cv2.circle(mask, centre, round(radius * 2**_SHIFT), 255, -1, cv2.LINE_8, _SHIFT)
    for (x0, y0, r0), (x1, y1, r1) in pairwise(limb):
        normal = np.array([y0 - y1, x1 - x0]) / max(np.hypot(x1 - x0, y1 - y0), 1e-6)
        start, end = np.array([x0, y0]), np.array([x1, y1])
        corners = np.stack([start + r0 * normal, end + r1 * normal, end - r1 * normal, start - r0 * normal])
        cv2.fillPoly(mask, [_fixed(corners)], 255, cv2.LINE_8, _SHIFT)


def _fixed(points: Points) -> NDArray[np.int32]:
    """Fixed-point coordinates for OpenCV."""
    return np.asarray(np.rint(points * 2**_SHIFT), dtype=np.int32)
