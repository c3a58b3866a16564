"""Hands that are not to be read, made of hands that are: cut off, joined, destroyed, badly exposed.

Each takes hands and a generator and gives pixels as `scene.Pixels`. Cuts are told as shares of the hand's box, which
reaches from the tips to the ends of radius and ulna; the carpal bones lie at 0.70 to 0.85 of its height.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from models.attention.coarse import Box
from models.plausibility.scene import Pixels

Generator = np.random.Generator


@dataclass(frozen=True)
class Hand:
    """An upright hand with its fingers up. pixels: (H, W) float32 in [0, 1]; box: around it, fractions of the frame."""

    pixels: Pixels
    box: Box


Hands = Sequence[Hand]
"""As many as a generator may need, one after the other; the first is the one that is spoiled."""
HANDS_NEEDED = 3


def whole(hand: Hand, rng: Generator) -> Pixels:
    """The same hand in another frame, with some of what lies beyond its box cut off or added: to be read."""
    height, width = hand.pixels.shape
    box = hand.box
    kept = rng.uniform(0.25, 1, 4)
    left, right = box.left * (1 - kept[0]), 1 - (1 - box.right) * (1 - kept[1])
    top, bottom = box.top * (1 - kept[2]), 1 - (1 - box.bottom) * (1 - kept[3])
    cut: Pixels = hand.pixels[
        int(top * height) : int(np.ceil(bottom * height)), int(left * width) : int(np.ceil(right * width))
    ]
    if rng.random() < 0.3:
        sides = (rng.uniform(0, 0.15, 4) * [height, height, width, width]).astype(int).tolist()
        cut = np.pad(cut, ((sides[0], 0), (sides[2], sides[3])), constant_values=cut.min())
    return np.asarray(cut)


def _inside(hand: Hand, left: float, top: float, right: float, bottom: float) -> Pixels:
    """The frame cut at shares of the box; shares below 0 or above 1 reach to the frame's side."""
    height, width = hand.pixels.shape
    box = hand.box
    x = [box.left + share * (box.right - box.left) for share in (left, right)]
    y = [box.top + share * (box.bottom - box.top) for share in (top, bottom)]
    x0, y0 = 0 if left < 0 else int(x[0] * width), 0 if top < 0 else int(y[0] * height)
    x1, y1 = width if right > 1 else int(x[1] * width), height if bottom > 1 else int(y[1] * height)
    return hand.pixels[max(y0, 0) : max(y1, y0 + 8), max(x0, 0) : max(x1, x0 + 8)]


def fingers_off(hands: Hands, rng: Generator) -> Pixels:
    """The frame begins below the tips: a fifth to a half of the hand is missing above."""
    return _inside(hands[0], -1, float(rng.uniform(0.2, 0.5)), 2, 2)


def wrist_off(hands: Hands, rng: Generator) -> Pixels:
    """The frame ends above the carpal bones."""
    return _inside(hands[0], -1, -1, 2, float(rng.uniform(0.42, 0.68)))


def half(hands: Hands, rng: Generator) -> Pixels:
    """The frame ends in the middle of the hand, along the fingers."""
    share = float(rng.uniform(0.35, 0.6))
    return _inside(hands[0], -1, -1, share, 2) if rng.random() < 0.5 else _inside(hands[0], 1 - share, -1, 2, 2)


def close_up(hands: Hands, rng: Generator) -> Pixels:
    """A piece from within the hand, enlarged."""
    side = float(rng.uniform(0.25, 0.5))
    left, top = rng.uniform(0.1, 0.9 - side, 2)
    return _inside(hands[0], float(left), float(top), float(left + side), float(top + side))


def one_finger(hands: Hands, rng: Generator) -> Pixels:
    """A narrow upper piece, with a finger or two."""
    left, wide = float(rng.uniform(0.15, 0.65)), float(rng.uniform(0.16, 0.26))
    return _inside(hands[0], left, -1, left + wide, float(rng.uniform(0.4, 0.55)))


def quarter(hands: Hands, rng: Generator) -> Pixels:
    """One quarter of the hand."""
    x, y = rng.uniform(0.42, 0.58, 2).tolist()
    sides = [(-1, -1, x, y), (x, -1, 2, y), (-1, y, x, 2), (x, y, 2, 2)]
    return _inside(hands[0], *sides[int(rng.integers(4))])


def _fitted(pixels: Pixels, height: int, width: int) -> Pixels:
    return np.asarray(cv2.resize(pixels, (width, height), interpolation=cv2.INTER_AREA), dtype=np.float32)


def beside(hands: Hands, rng: Generator) -> Pixels:
    """Two people's hands, one beside the other."""
    height = hands[0].pixels.shape[0]
    first, second = (_fitted(hand.pixels, height, height) for hand in hands[:2])
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
    first, second = (_fitted(hand.pixels, width, width) for hand in hands[:2])
    return np.vstack([first if rng.random() < 0.5 else first[::-1], second])


def three(hands: Hands, rng: Generator) -> Pixels:
    """Three hands in a row."""
    height = hands[0].pixels.shape[0]
    return np.hstack([_fitted(whole(hand, rng), height, height) for hand in hands[:3]])


def shuffled(hands: Hands, rng: Generator) -> Pixels:
    """Tiles of the frame in another order, each turned: upside down in many cases."""
    count = int(rng.integers(3, 7))
    side = 300 // count
    frame = _fitted(hands[0].pixels, side * count, side * count)
    tiles = frame.reshape(count, side, count, side).swapaxes(1, 2).reshape(-1, side, side)
    turned = np.stack([np.rot90(tile, int(rng.integers(4))) for tile in rng.permutation(tiles)])
    return np.asarray(turned.reshape(count, count, side, side).swapaxes(1, 2).reshape(frame.shape))


def strips(hands: Hands, rng: Generator) -> Pixels:
    """Upside down, in strips across the frame in another order."""
    frame = hands[0].pixels[::-1]
    pieces = np.array_split(np.arange(frame.shape[0]), int(rng.integers(6, 13)))
    return frame[np.concatenate([pieces[n] for n in rng.permutation(len(pieces))])]


def collage(hands: Hands, rng: Generator) -> Pixels:
    """Pieces of hands, turned, anywhere in one frame."""
    pixels = np.full((300, 260), np.float32(rng.uniform(0, 0.15)), dtype=np.float32)
    for _ in range(int(rng.integers(3, 9))):
        piece = close_up(hands[int(rng.integers(2)) :], rng)
        tall, wide = (int(side) for side in rng.integers(50, 150, 2))
        piece = np.rot90(_fitted(np.ascontiguousarray(piece), tall, wide), int(rng.integers(4)))
        y, x = int(rng.integers(300 - piece.shape[0])), int(rng.integers(260 - piece.shape[1]))
        pixels[y : y + piece.shape[0], x : x + piece.shape[1]] = piece
    return pixels


def swirled(hands: Hands, rng: Generator) -> Pixels:
    """The frame turned around its middle, the more the nearer to it."""
    frame = _fitted(hands[0].pixels, 300, 300)
    y, x = np.mgrid[:300, :300].astype(np.float32) - np.float32(150)
    radius = np.hypot(x, y)
    turn = np.float32(rng.choice([-1, 1]) * rng.uniform(4, 8)) * np.exp(-radius / 70)
    there_x, there_y = x * np.cos(turn) - y * np.sin(turn), x * np.sin(turn) + y * np.cos(turn)
    moved = cv2.remap(frame, there_x + 150, there_y + 150, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(moved, dtype=np.float32)


def faint(hands: Hands, rng: Generator) -> Pixels:
    """Next to no contrast: a hundredth of the brightness, in steps of the last bits, under noise."""
    pixels = hands[0].pixels
    flat = rng.uniform(0.1, 0.85) + pixels * rng.uniform(0.005, 0.02)
    flat = flat + rng.uniform(0.01, 0.03) * rng.standard_normal(pixels.shape)
    return np.asarray((np.rint(flat * 255) / 255).clip(0, 1), dtype=np.float32)


def drowned(hands: Hands, rng: Generator) -> Pixels:
    """Noise five to ten times as strong as the hand's own contrast."""
    pixels = hands[0].pixels
    loud = rng.uniform(5, 10) * float(pixels.std()) * rng.standard_normal(pixels.shape)
    mixed = pixels + loud
    low, high = np.percentile(mixed, [1, 99])
    return np.asarray(((mixed - low) / (high - low)).clip(0, 1), dtype=np.float32)


def burnt(hands: Hands, rng: Generator) -> Pixels:
    """All of the hand, or its densest parts, white and the rest black: overdriven many times."""
    pixels = hands[0].pixels
    level = float(np.percentile(pixels, rng.uniform(35, 85)))
    hard = (pixels - level) * rng.uniform(25, 60) + 0.5
    return np.asarray(cv2.blur(np.asarray(hard.clip(0, 1), dtype=np.float32), (3, 3)))


def double_exposed(hands: Hands, rng: Generator) -> Pixels:
    """Two hands on one detector, one over the other, the second upside down."""
    first, second = (_fitted(hand.pixels, 300, 300) for hand in hands[:2])
    return np.asarray((0.5 * first + rng.uniform(0.45, 0.6) * second[::-1]).clip(0, 1), dtype=np.float32)


def four(hands: Hands, rng: Generator) -> Pixels:
    """Four hands in two rows, as of two people on one film."""
    frames = [_fitted(whole(hands[n % len(hands)], rng), 200, 200) for n in range(4)]
    return np.vstack([np.hstack([frames[0], frames[1][:, ::-1]]), np.hstack([frames[2], frames[3][:, ::-1]])])


def overlapping(hands: Hands, rng: Generator) -> Pixels:
    """Two hands in one frame, the fingers of one over those of the other."""
    first, second = (_fitted(hand.pixels, 300, 300) for hand in hands[:2])
    shift = int(rng.uniform(100, 160))
    pixels = np.zeros((300, 300 + shift), np.float32)
    pixels[:, :300] = first
    pixels[:, shift:] = np.maximum(pixels[:, shift:], second[:, ::-1])
    return pixels


def halves_joined(hands: Hands, rng: Generator) -> Pixels:
    """Half of one hand beside half of another, which is upside down."""
    share = float(rng.uniform(0.42, 0.58))
    left, right = _inside(hands[0], -1, -1, share, 2), _inside(hands[1], share, -1, 2, 2)[::-1]
    return np.hstack([_fitted(np.ascontiguousarray(piece), 300, 150) for piece in (left, right)])


def waved(hands: Hands, rng: Generator) -> Pixels:
    """Rows pushed to and fro, and columns up and down, further than a finger is wide."""
    frame = _fitted(hands[0].pixels, 300, 300)
    y, x = np.mgrid[:300, :300].astype(np.float32)
    swing, length = rng.uniform(18, 30, 2), rng.uniform(25, 50, 2)
    there_x = x + np.float32(swing[0]) * np.sin(2 * np.pi * y / np.float32(length[0]))
    there_y = y + np.float32(swing[1]) * np.sin(2 * np.pi * x / np.float32(length[1]))
    moved = cv2.remap(frame, there_x, there_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(moved, dtype=np.float32)


def blurred(hands: Hands, rng: Generator) -> Pixels:
    """So far out of focus that no bone has an edge."""
    frame = _fitted(hands[0].pixels, 300, 300)
    return np.asarray(cv2.GaussianBlur(frame, (0, 0), float(rng.uniform(12, 20))), dtype=np.float32)


def lined(hands: Hands, rng: Generator) -> Pixels:
    """Three of four rows lost, black or white, as of a detector that failed."""
    pixels = hands[0].pixels.copy()
    lost = np.flatnonzero(rng.random(pixels.shape[0]) < 0.75)
    pixels[lost] = rng.integers(0, 2, (len(lost), 1)).astype(np.float32)
    return pixels
