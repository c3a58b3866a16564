"""Hands whose bones' boxes are known: the mean hand, placed and changed; and the phantom's."""

import numpy as np

from models.detection.boxes import Boxes
from models.detection.hand_shape import BONES, KINDS, MEANS, SIDES, SPREADS, HandBone
from models.phantom.anatomy import Individual, hand

LABELS = np.array([KINDS.index(bone.kind) for bone in BONES])


def place(
    seed: int | None = None, *, turn_deg: float = 0.0, aspect: float = 1.0, right: bool = False, moved: float = 0.5
) -> Boxes:
    """The mean hand in a square frame; with a seed each bone lies a little off its place (moved: in spreads)."""
    places = MEANS * [0.17, 0.22]
    if seed is not None:
        noise = np.random.default_rng(seed).normal(0, moved, MEANS.shape)
        places = places + noise * SPREADS[:, None] * [0.17, 0.22]
    half = (SIDES * 0.19 / 2)[:, None].repeat(2, 1)
    return Boxes(_placed(places, half, turn_deg, aspect, right), LABELS, np.linspace(0.99, 0.8, len(BONES)))


def phantom_hand(age_months: float, seed: int, *, right: bool = False) -> Boxes:
    """The growing ends of a phantom's bones, in millimetres, y down."""
    growth = hand(age_months, "F", Individual.drawn(np.random.default_rng(seed))).growth
    corners = np.stack([growth[bone.value] for bone in BONES]) * [-1 if right else 1, -1]
    return Boxes(np.concatenate([corners.min(1), corners.max(1)], 1), LABELS, np.full(len(BONES), 0.9))


def without(found: Boxes, *bones: HandBone) -> Boxes:
    """Found, but for these bones."""
    keep = np.array([bone not in bones for bone in BONES])
    return Boxes(found.boxes[keep], found.labels[keep], found.scores[keep])


def added(found: Boxes, kind: str, box: tuple[float, float, float, float], score: float = 0.7) -> Boxes:
    """Found, and one more box at the end."""
    return Boxes(
        np.vstack([found.boxes, box]), np.append(found.labels, KINDS.index(kind)), np.append(found.scores, score)
    )


def altered(found: Boxes, bone: HandBone, *, by: tuple[float, float] = (0.0, 0.0), larger: float = 1.0) -> Boxes:
    """Found, with one bone's box moved or made larger around its centre."""
    boxes, n = found.boxes.copy(), BONES.index(bone)
    centre, half = (boxes[n, :2] + boxes[n, 2:]) / 2 + by, (boxes[n, 2:] - boxes[n, :2]) / 2 * larger
    boxes[n] = np.concatenate([centre - half, centre + half])
    return Boxes(boxes, found.labels, found.scores)


def _placed(places: np.ndarray, half: np.ndarray, turn_deg: float, aspect: float, right: bool) -> np.ndarray:
    """(21, 4): turned in a frame with this height over width, which is then squashed to a square."""
    angle = np.deg2rad(turn_deg)
    turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    centres = (places * [-1 if right else 1, 1]) @ turn * [1, 1 / aspect] * 0.8 + 0.5
    half = half * [1, 1 / aspect] * 0.8
    return np.concatenate([centres - half, centres + half], 1)
