"""More than one hand in one picture: beside, above, across or over one another.

Each takes hands and a generator and gives pixels as `scene.Pixels`.
"""

import cv2
import numpy as np

from models.plausibility.hands import Generator, Hands, fitted, whole
from models.plausibility.scene import Pixels


def beside(hands: Hands, rng: Generator) -> Pixels:
    """Two people's hands, one beside the other."""
    height = hands[0].pixels.shape[0]
    first, second = (fitted(hand.pixels, height, height) for hand in hands[:2])
    return np.hstack([first, second if rng.random() < 0.5 else second[:, ::-1]])


def mirrored(hands: Hands, rng: Generator) -> Pixels:
    """Both hands of one person, thumbs in or out, with or without room between them."""
    hand = hands[0]
    frame = hand.pixels if rng.random() < 0.5 else whole(hand, rng)
    gap = np.full((frame.shape[0], int(rng.integers(0, 30))), float(np.percentile(frame, 2)), np.float32)
    return np.hstack([frame, gap, frame[:, ::-1]] if rng.random() < 0.5 else [frame[:, ::-1], gap, frame])


def stacked(hands: Hands, rng: Generator) -> Pixels:
    """One hand above the other, the upper one with its fingers up or down."""
    width = hands[0].pixels.shape[1]
    first, second = (fitted(hand.pixels, width, width) for hand in hands[:2])
    return np.vstack([first if rng.random() < 0.5 else first[::-1], second])


def three(hands: Hands, rng: Generator) -> Pixels:
    """Three hands in a row."""
    height = hands[0].pixels.shape[0]
    return np.hstack([fitted(whole(hand, rng), height, height) for hand in hands[:3]])


def four(hands: Hands, rng: Generator) -> Pixels:
    """Four hands in two rows, as of two people on one film."""
    frames = [fitted(whole(hands[n % len(hands)], rng), 200, 200) for n in range(4)]
    return np.vstack([np.hstack([frames[0], frames[1][:, ::-1]]), np.hstack([frames[2], frames[3][:, ::-1]])])


def double_exposed(hands: Hands, rng: Generator) -> Pixels:
    """Two hands on one detector, one over the other, the second upside down, mirrored, turned or as the first."""
    first, second = (fitted(hand.pixels, 300, 300) for hand in hands[:2])
    over = second[::-1] if rng.random() < 0.4 else _turned(second, float(rng.uniform(-90, 90)), rng)
    return _over(first, over, float(rng.uniform(0.4, 0.6)))


def overlapping(hands: Hands, rng: Generator) -> Pixels:
    """Two hands in one frame, the fingers or more of one over those of the other, which may lie higher or lower."""
    first, second = (fitted(hand.pixels, 300, 300) for hand in hands[:2])
    second = _turned(second, float(rng.uniform(-15, 15)), rng)
    right, down = int(rng.uniform(70, 240)), int(rng.uniform(-70, 70))
    empty = float(np.percentile(first, 3))
    pixels = np.full((2, 300 + abs(down), 300 + right), np.float32(empty), dtype=np.float32)
    pixels[0, max(-down, 0) :][:300, :300] = first
    pixels[1, max(down, 0) :][:300, right:] = second
    return _over(pixels[0], pixels[1], float(rng.choice([0.5, 1.0])))


def crossed(hands: Hands, rng: Generator) -> Pixels:
    """Two hands of any sizes, each leaning its own way, with their middles near each other."""
    frames = [fitted(hand.pixels, 300, 300) for hand in hands[:2]]
    lean = rng.uniform(15, 60, 2) * [1, -1]
    there = [
        _turned(each, float(turn), rng, zoom=float(rng.uniform(0.6, 1)))
        for each, turn in zip(frames, lean, strict=True)
    ]
    return _over(there[0], there[1], float(rng.choice([0.5, 1.0])))


def inset(hands: Hands, rng: Generator) -> Pixels:
    """A smaller hand beside or over a larger one, as a child's held by a grown-up."""
    first, second = (fitted(hand.pixels, 300, 300) for hand in hands[:2])
    small = _turned(second, float(rng.uniform(-180, 180)), rng, zoom=float(rng.uniform(0.4, 0.7)))
    right, down = rng.uniform(-0.3, 0.3, 2) * 300
    carried = cv2.warpAffine(small, np.array([[1, 0, right], [0, 1, down]]), (300, 300), borderValue=(0.0,))
    return _over(first, np.asarray(carried, np.float32), float(rng.choice([0.5, 1.0])))


def _turned(frame: Pixels, turn_deg: float, rng: Generator, *, zoom: float = 1.0) -> Pixels:
    """Turned around its middle, mirrored in half of all cases, on its own background."""
    side = frame.shape[0]
    matrix = cv2.getRotationMatrix2D((side / 2, side / 2), turn_deg, zoom)
    flipped = frame if rng.random() < 0.5 else np.ascontiguousarray(frame[:, ::-1])
    empty = (float(np.percentile(frame, 3)),)
    return np.asarray(cv2.warpAffine(flipped, matrix, (side, side), borderValue=empty), dtype=np.float32)


def _over(first: Pixels, second: Pixels, weight: float) -> Pixels:
    """A weight of 1 shows whichever is brighter; a lower one the sum, the first weighing the rest."""
    mixed = np.maximum(first, second) if weight >= 1 else (1 - weight) * first + weight * second
    return np.asarray(mixed.clip(0, 1), dtype=np.float32)
