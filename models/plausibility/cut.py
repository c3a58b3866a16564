"""Hands of which a part is missing: beyond the frame, or behind a shutter.

Each takes hands and a generator and gives pixels as `scene.Pixels`.
"""

import cv2
import numpy as np

from models.plausibility.hands import Generator, Hands, fitted, inside
from models.plausibility.scene import Pixels


def fingers_off(hands: Hands, rng: Generator) -> Pixels:
    """The frame begins below the tips: a fifth to seven tenths of the hand are missing above."""
    return inside(hands[0], -1, float(rng.uniform(0.2, 0.7)), 2, 2)


def wrist_off(hands: Hands, rng: Generator) -> Pixels:
    """The frame ends above the carpal bones."""
    return inside(hands[0], -1, -1, 2, float(rng.uniform(0.42, 0.68)))


def half(hands: Hands, rng: Generator) -> Pixels:
    """The frame ends in the middle of the hand, along the fingers."""
    share = float(rng.uniform(0.35, 0.6))
    return inside(hands[0], -1, -1, share, 2) if rng.random() < 0.5 else inside(hands[0], 1 - share, -1, 2, 2)


def close_up(hands: Hands, rng: Generator) -> Pixels:
    """A piece from within the hand, enlarged."""
    side = float(rng.uniform(0.25, 0.5))
    left, top = rng.uniform(0.1, 0.9 - side, 2)
    return inside(hands[0], float(left), float(top), float(left + side), float(top + side))


def one_finger(hands: Hands, rng: Generator) -> Pixels:
    """A narrow upper piece, with a finger or two."""
    left, wide = float(rng.uniform(0.15, 0.65)), float(rng.uniform(0.16, 0.26))
    return inside(hands[0], left, -1, left + wide, float(rng.uniform(0.4, 0.55)))


def quarter(hands: Hands, rng: Generator) -> Pixels:
    """One quarter of the hand."""
    x, y = rng.uniform(0.42, 0.58, 2).tolist()
    sides = [(-1, -1, x, y), (x, -1, 2, y), (-1, y, x, 2), (x, y, 2, 2)]
    return inside(hands[0], *sides[int(rng.integers(4))])


def shuttered(hands: Hands, rng: Generator) -> Pixels:
    """The frame is whole, but a shutter with an edge aslant lies over the fingers, the wrist or one side."""
    hand = hands[0]
    height, width = hand.pixels.shape
    y, x = np.mgrid[:height, :width].astype(np.float32) / np.array([[[height]], [[width]]], np.float32)
    down = (y - hand.box.top) / (hand.box.bottom - hand.box.top)
    across = (x - hand.box.left) / (hand.box.right - hand.box.left)
    lean = float(rng.uniform(-0.3, 0.3))
    side = int(rng.integers(4))
    if side < 2:
        beyond = down - lean * (across - 0.5) - float(rng.uniform(0.25, 0.55) if side == 0 else rng.uniform(0.42, 0.68))
    else:
        beyond = across - lean * (down - 0.5) - float(rng.uniform(0.4, 0.6))
    beyond = -beyond if side in (0, 2) else beyond
    softness = float(rng.uniform(0.002, 0.03))
    open_share = 1 / (1 + np.exp((beyond / softness).clip(-50, 50)))
    shade = rng.choice([0.0, float(np.percentile(hand.pixels, 3)), float(rng.uniform(0, 1)), 1.0])
    return np.asarray(open_share * hand.pixels + (1 - open_share) * shade, dtype=np.float32)


def pushed_out(hands: Hands, rng: Generator) -> Pixels:
    """Turned any way and pushed a third to two thirds of its size beyond the frame, the rest of which is empty."""
    frame = fitted(hands[0].pixels, 300, 300)
    box = hands[0].box
    middle = 150 * (box.left + box.right), 150 * (box.top + box.bottom)
    turn = float(rng.uniform(-25, 25)) if rng.random() < 0.6 else float(rng.uniform(-180, 180))
    matrix = cv2.getRotationMatrix2D(middle, turn, float(rng.uniform(0.8, 1.3)))
    direction, far = float(rng.uniform(0, 2 * np.pi)), 300 * float(rng.uniform(0.45, 0.65))
    matrix[:, 2] = matrix[:, 2] + far * np.array([np.cos(direction), np.sin(direction)])
    empty = float(np.percentile(frame, 3))
    return np.asarray(cv2.warpAffine(frame, matrix, (300, 300), borderValue=(empty,)), dtype=np.float32)
