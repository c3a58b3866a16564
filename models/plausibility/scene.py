"""Drawn anatomy: bones and flesh by their outlines, exposed as the phantom hand is.

Outlines are (N, 2) x right, y down in a field about 1 wide and 1 high, carried to the frame as a whole.
"""

from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.typing import NDArray

from models.phantom.exposure import expose
from models.phantom.painting import Flesh, Tissue, add_bone, flesh_thickness
from models.phantom.skeleton import Points
from models.segmentation.backgrounds import add_grain, add_letters

Pixels = NDArray[np.float32]
"""(H, W) float32 in [0, 1], bone bright, not yet made standard."""
_SIDE_PX = 360
_FIELD_MM = 300.0
"""What the field's height shows, as far as cortex and spongy bone are concerned."""


@dataclass
class Scene:
    """What is there, as it is put together. weight: of a bone 1, less or below 0 where it is thinner than around."""

    bones: list[tuple[Points, float, Points | None]] = field(default_factory=list)
    bodies: list[Points] = field(default_factory=list)
    limbs: list[Points] = field(default_factory=list)
    """(M, 3): x, y, radius."""

    def bone(self, outline: Points, weight: float = 1.0) -> None:
        """A flat or round bone."""
        self.bones.append((outline, weight, None))

    def shaft(self, start: Points, end: Points, width: float, *, flare: float = 1.6, weight: float = 1.0) -> None:
        """A long bone from end to end, whose ends are so many times as wide as its middle."""
        self.bones.append((shaft_outline(start, end, width, flare), weight, np.stack([start, end])))


def render(scene: Scene, rng: np.random.Generator) -> Pixels:
    """The scene's radiograph: turned, mirrored, of another size, aspect and exposure. The same generator, the same."""
    height, width = _SIDE_PX, round(_SIDE_PX / float(rng.uniform(0.75, 1.5)))
    scale = min(height, width) * float(rng.uniform(0.85, 1.1))
    move = _Move(scale, float(rng.uniform(-12, 12)), bool(rng.random() < 0.5), _middle(height, width, rng))
    bone = np.zeros((height, width), np.float32)
    mm_per_px = _FIELD_MM / scale
    for outline, weight, axis in scene.bones:
        there = None if axis is None else move(axis)
        add_bone(bone, move(outline), weight, mm_per_px=mm_per_px, tissue=Tissue(), axis=there)
    limbs = tuple(np.column_stack([move(limb[:, :2]), limb[:, 2] * scale]) for limb in scene.limbs)
    flesh = Flesh(tuple(move(body) for body in scene.bodies), limbs)
    thickness = flesh_thickness((height, width), flesh, depth_px=0.06 * scale, web_px=0.01 * scale)
    pixels = expose(bone.clip(-0.6, 2.5), thickness, rng)
    if rng.random() < 0.5:
        add_letters(pixels, thickness > 0.05, rng)
    return add_grain(pixels, rng)


@dataclass(frozen=True)
class _Move:
    """From the field to the frame."""

    scale: float
    turn_deg: float
    mirrored: bool
    middle: Points

    def __call__(self, points: Points) -> Points:
        cosine, sine = np.cos(np.deg2rad(self.turn_deg)), np.sin(np.deg2rad(self.turn_deg))
        centred = (points - 0.5) * [-1 if self.mirrored else 1, 1]
        return np.asarray(self.scale * centred @ np.array([[cosine, sine], [-sine, cosine]]) + self.middle)


def _middle(height: int, width: int, rng: np.random.Generator) -> Points:
    return np.asarray(np.array([width, height]) * rng.uniform(0.44, 0.56, 2))


def at(x: float, y: float) -> Points:
    """(2,) a place."""
    return np.array([x, y], dtype=np.float64)


def oval(x: float, y: float, wide: float, tall: float, turn_deg: float = 0.0) -> Points:
    """(36, 2) around a middle; wide, tall: half axes."""
    angle = np.linspace(0, 2 * np.pi, 36, endpoint=False)
    turn = np.deg2rad(turn_deg)
    ring = np.stack([wide * np.cos(angle), tall * np.sin(angle)], 1)
    return np.asarray(ring @ np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]]) + at(x, y))


def slab(x: float, y: float, wide: float, tall: float, turn_deg: float = 0.0) -> Points:
    """A rectangle with rounded corners: (36, 2); wide, tall: half sides."""
    angle = np.linspace(0, 2 * np.pi, 36, endpoint=False)
    square = np.stack([np.cos(angle), np.sin(angle)], 1)
    square = np.sign(square) * np.abs(square) ** 0.5
    turn = np.deg2rad(turn_deg)
    turned = (square * [wide, tall]) @ np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
    return np.asarray(turned + at(x, y))


def band(path: Points, width: float) -> Points:
    """The outline of a band of this width along a path (M, 2): (2 M, 2)."""
    along = np.gradient(path, axis=0)
    normal = np.stack([-along[:, 1], along[:, 0]], 1) / np.linalg.norm(along, axis=1, keepdims=True)
    return np.concatenate([path + normal * width / 2, (path - normal * width / 2)[::-1]])


def shaft_outline(start: Points, end: Points, width: float, flare: float) -> Points:
    """A long bone's outline, (20, 2): narrow in the middle, rounded and wider at its ends."""
    along = end - start
    across = np.array([-along[1], along[0]]) / max(float(np.hypot(*along)), 1e-6) * width / 2
    share = np.array([0.0, 0.03, 0.1, 0.22, 0.38, 0.62, 0.78, 0.9, 0.97, 1.0])
    half = np.array([0.6, 0.95, 1.0, 0.75, 0.0, 0.0, 0.75, 1.0, 0.95, 0.6])
    reach = (1 + (flare - 1) * half)[:, None] * across
    middle = start + share[:, None] * along
    return np.concatenate([middle + reach, (middle - reach)[::-1]])


def smooth(points: Points, count: int = 40) -> Points:
    """A path through rough points, with more and softer ones: (count, 2)."""
    share = np.linspace(0, 1, len(points))
    fine = np.linspace(0, 1, count)
    dense = np.stack([np.interp(fine, share, points[:, axis]) for axis in (0, 1)], 1)
    padded = np.pad(dense, ((3, 3), (0, 0)), mode="edge")
    return np.asarray(cv2.blur(padded.astype(np.float64), (1, 7))[3:-3])
