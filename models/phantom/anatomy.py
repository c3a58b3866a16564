"""A hand of a given bone age: every bone, placed in the hand frame, in millimetres of this hand."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

import numpy as np

from models.phantom.maturity import Maturity, Sex, hand_size, long_bones, round_bones
from models.phantom.outlines import Pieces, pieces
from models.phantom.skeleton import FOREARM, JOINT_MM, LONG_BONES, RAYS, LongBone, Points, carpals


@dataclass(frozen=True)
class Individual:
    """What makes two hands of one bone age differ: factors around 1, and turns in degrees."""

    size: float = 1.0
    bone_width: float = 1.0
    spread: float = 1.0
    fingers: float = 1.0
    turns_deg: tuple[float, ...] = (0.0,) * 5

    @classmethod
    def drawn(cls, rng: np.random.Generator) -> "Individual":
        """One individual from a random generator."""
        return cls(
            size=float(rng.uniform(0.94, 1.06)),
            bone_width=float(rng.uniform(0.93, 1.07)),
            spread=float(rng.uniform(0.75, 1.35)),
            fingers=float(rng.uniform(0.97, 1.04)),
            turns_deg=tuple(rng.uniform(-2.5, 2.5, 5).tolist()),
        )


@dataclass(frozen=True)
class Part:
    """A piece of bone: outline (N, 2) mm in the hand frame; weight 0 to 1 (fusing pieces share it).

    axis: both ends of a tube's axis, between which the cortex is thickest; None for spongy bone.
    density: 1 for bone, more for a scar.
    """

    bone: str
    outline: Points
    weight: float
    axis: Points | None = None
    density: float = 1.0


@dataclass(frozen=True)
class Hand:
    """All of one hand. scale: mm of this hand in one adult mm.

    growth: (4, 2) corners, mm, around each long bone's growing end.  centres: (1, 2) of the same.
    rays: (M, 2) joints of each finger from the metacarpal's base to the tip.
    maturities: each long bone's stage.
    """

    scale: float
    parts: tuple[Part, ...]
    growth: Mapping[str, Points]
    centres: Mapping[str, Points]
    rays: Mapping[int, Points]
    maturities: Mapping[str, Maturity]


@dataclass(frozen=True)
class _Placed:
    """A bone's frame in the hand: (adult mm) -> (adult mm)."""

    origin: Points
    direction_deg: float

    def __call__(self, points: Points) -> Points:
        angle = np.deg2rad(self.direction_deg)
        along, across = np.array([np.sin(angle), np.cos(angle)]), np.array([np.cos(angle), -np.sin(angle)])
        return np.asarray(self.origin + points[:, :1] * across + points[:, 1:] * along)


def hand(
    bone_age_months: float,
    sex: Sex,
    individual: Individual = Individual(),
    graded: Mapping[str, Maturity] = MappingProxyType({}),
) -> Hand:
    """The hand of this bone age (months, 1 to 228) and sex; graded: long bones that are at a stage of their own."""
    size = hand_size(bone_age_months, sex)
    scale = size * individual.size
    cartilage = float(np.clip((0.92 - size) / 0.56, 0, 1))
    stages = long_bones(bone_age_months, sex) | dict(graded)
    frames, joints = _frames(individual)
    cut = {name: pieces(_built(name, individual), stages[name], cartilage=cartilage) for name in stages}
    parts = [part for name in stages for part in _long_parts(name, cut[name], stages[name], frames[name])]
    parts += _round_parts(round_bones(bone_age_months, sex), frames["metacarpal-1"])
    corners = {name: frames[name](_growth_corners(LONG_BONES[name], cut[name])) * scale for name in stages}
    return Hand(
        scale=scale,
        parts=tuple(_scaled(part, scale) for part in parts),
        growth=corners,
        centres={name: box.mean(axis=0, keepdims=True) for name, box in corners.items()},
        rays={finger: path * scale for finger, path in joints.items()},
        maturities=stages,
    )


def _built(name: str, individual: Individual) -> LongBone:
    """The bone as broad and long as this individual's."""
    bone, wide = LONG_BONES[name], individual.bone_width
    longer = individual.fingers if "phalanx" in name else 1.0
    return replace(
        bone,
        length_mm=bone.length_mm * longer,
        shaft_mm=bone.shaft_mm * wide,
        other=replace(bone.other, width_mm=bone.other.width_mm * wide),
        growing=replace(bone.growing, width_mm=bone.growing.width_mm * wide),
    )


def _frames(individual: Individual) -> tuple[dict[str, _Placed], dict[int, Points]]:
    """Where each long bone lies, and the joints of each finger; adult mm."""
    frames, joints = {}, {}
    for finger, ray in RAYS.items():
        here = np.array([ray.start_mm], dtype=np.float64)
        path = [here]
        for name, direction in zip(ray.bones, ray.directions_deg, strict=True):
            angle = direction * individual.spread if "phalanx" in name else direction * (0.6 + 0.4 * individual.spread)
            frame = _Placed(here, angle + individual.turns_deg[finger - 1] * (1 + ("phalanx" in name)) / 2)
            bone = _built(name, individual)
            there = frame(np.array([[0.0, bone.length_mm]]))
            frames[name] = _Placed(there, frame.direction_deg + 180) if bone.reversed else frame
            here = frame(np.array([[0.0, bone.length_mm + JOINT_MM]]))
            path.append(here)
        joints[finger] = np.concatenate(path)
    for name, (wrist, direction) in FOREARM.items():
        elbow = _Placed(np.array([wrist]), direction)(np.array([[0.0, -LONG_BONES[name].length_mm]]))
        frames[name] = _Placed(elbow, direction)
    return frames, joints


def _long_parts(name: str, cut: Pieces, stage: Maturity, frame: _Placed) -> list[Part]:
    """Shaft and epiphysis fade into one bone as they fuse; the scar stays on top for a while."""
    axis = frame(np.array([[0.0, 0.0], [0.0, LONG_BONES[name].length_mm]]))
    apart = 1 - stage.fusion
    found = []
    if apart > 0:
        found.append(Part(name, frame(cut.shaft), apart, axis))
        if cut.epiphysis is not None:
            found.append(Part(name, frame(cut.epiphysis), apart))
    if cut.whole is not None:
        found.append(Part(name, frame(cut.whole), stage.fusion, axis))
    if cut.scar is not None:
        found.append(Part(name, frame(cut.scar), stage.scar, density=0.45))
    return found


def _round_parts(sizes: Mapping[str, float], thumb: _Placed) -> list[Part]:
    """Carpals from a round ossicle to their own form, and the sesamoid beside the thumb's metacarpal head."""
    found = []
    for name, (centre, outline) in carpals().items():
        size = sizes[name]
        if size > 0:
            radius = np.linalg.norm(outline, axis=1, keepdims=True)
            round_one = outline / radius * radius.mean()
            form = size * outline + (1 - size) * round_one
            found.append(Part(name, centre + form * size, 1.0 if name != "pisiform" else 0.8))
    if sizes["sesamoid"] > 0:
        turn = np.linspace(0, 2 * np.pi, 24, endpoint=False)
        ring = np.stack([2.2 * np.cos(turn), 2.9 * np.sin(turn)], axis=1) * sizes["sesamoid"]
        found.append(Part("sesamoid", thumb(ring + np.array([6.5, 3.5])), 0.9))
    return found


def _growth_corners(bone: LongBone, cut: Pieces) -> Points:
    """A square around the growing end: growth plate, epiphysis and metaphysis, with the joint's edge."""
    half = 0.72 * bone.growing.width_mm
    middle = cut.plate_mm + 0.2 * bone.epiphysis_mm
    return np.array([[-half, middle - half], [half, middle - half], [half, middle + half], [-half, middle + half]])


def _scaled(part: Part, scale: float) -> Part:
    return replace(part, outline=part.outline * scale, axis=None if part.axis is None else part.axis * scale)
