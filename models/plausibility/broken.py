"""Hands whose shape or content is broken: bent, torn, exchanged, in pieces.

Each takes hands and a generator and gives pixels as `scene.Pixels`.
"""

import cv2
import numpy as np

from models.plausibility import anatomy
from models.plausibility.cut import close_up
from models.plausibility.hands import Generator, Hands, fitted, inside, moved, soft_field
from models.plausibility.scene import Pixels

_STRANGE = (anatomy.skull, anatomy.chest, anatomy.spine, anatomy.knee, anatomy.foot)


def shuffled(hands: Hands, rng: Generator) -> Pixels:
    """Tiles of the frame in another order, each turned: upside down in many cases."""
    count = int(rng.integers(3, 7))
    side = 300 // count
    frame = fitted(hands[0].pixels, side * count, side * count)
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
        piece = np.rot90(fitted(np.ascontiguousarray(piece), tall, wide), int(rng.integers(4)))
        y, x = int(rng.integers(300 - piece.shape[0])), int(rng.integers(260 - piece.shape[1]))
        pixels[y : y + piece.shape[0], x : x + piece.shape[1]] = piece
    return pixels


def swirled(hands: Hands, rng: Generator) -> Pixels:
    """The frame turned around its middle, the more the nearer to it."""
    frame = fitted(hands[0].pixels, 300, 300)
    y, x = np.mgrid[:300, :300].astype(np.float32) - np.float32(150)
    radius = np.hypot(x, y)
    turn = np.float32(rng.choice([-1, 1]) * rng.uniform(4, 8)) * np.exp(-radius / 70)
    there_x, there_y = x * np.cos(turn) - y * np.sin(turn), x * np.sin(turn) + y * np.cos(turn)
    moved = cv2.remap(frame, there_x + 150, there_y + 150, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(moved, dtype=np.float32)


def waved(hands: Hands, rng: Generator) -> Pixels:
    """Rows pushed to and fro, columns up and down, or both, so steeply that no bone stays straight."""
    frame = fitted(hands[0].pixels, 300, 300)
    y, x = np.mgrid[:300, :300]
    length = rng.uniform(18, 80, 2)
    swing = np.minimum(length * rng.uniform(0.3, 1.2, 2), 40) * [[1, 1], [1, 0], [0, 1]][int(rng.integers(3))]
    start = rng.uniform(0, 2 * np.pi, 2)
    across = swing[0] * np.sin(2 * np.pi * y / length[0] + start[0])
    return moved(frame, across, swing[1] * np.sin(2 * np.pi * x / length[1] + start[1]))


def crumpled(hands: Hands, rng: Generator) -> Pixels:
    """Bent without order, over lengths of a finger's width to a palm's."""
    frame = fitted(hands[0].pixels, 300, 300)
    softness = float(rng.uniform(6, 24))
    return moved(frame, *(softness * rng.uniform(0.7, 1.3) * soft_field(frame.shape, softness, rng)))


def slipped(hands: Hands, rng: Generator) -> Pixels:
    """Blocks of rows, or of columns, read out at another place than the blocks before."""
    frame = fitted(hands[0].pixels, 300, 300)
    frame = frame if rng.random() < 0.7 else frame.T
    pixels, start = np.empty_like(frame), 0
    far = float(rng.uniform(25, 80))
    while start < len(frame):
        end = start + int(rng.integers(4, 50))
        pixels[start:end] = np.roll(frame[start:end], round(rng.normal(0, far)), axis=1)
        start = end
    return np.ascontiguousarray(pixels if rng.random() < 0.5 else pixels[::-1])


def bulged(hands: Hands, rng: Generator) -> Pixels:
    """As in a bent mirror: the middle many times as large as the rest, or as small."""
    frame = fitted(hands[0].pixels, 300, 300)
    y, x = np.mgrid[:300, :300]
    from_x, from_y = x - rng.uniform(100, 200), y - rng.uniform(100, 200)
    radius = np.hypot(from_x, from_y) / 150 + 1e-6
    power = float(rng.uniform(1.2, 2.2) if rng.random() < 0.6 else rng.uniform(-0.75, -0.5))
    factor = radius.clip(None, 1.3) ** power - 1
    return moved(frame, from_x * factor, from_y * factor)


def halves_joined(hands: Hands, rng: Generator) -> Pixels:
    """A part of one hand beside or below a part of another, which is upside down, mirrored or out of place."""
    share, slip = float(rng.uniform(0.35, 0.65)), float(rng.choice([-1, 1]) * rng.uniform(0.2, 0.35))
    first, second = inside(hands[0], -1, -1, share, 2), inside(hands[1], share, -1, 2, 2)
    second = [second[::-1], np.roll(second, round(slip * len(second)), axis=0)][int(rng.integers(2))]
    if rng.random() < 0.4:
        first, second = inside(hands[0], -1, -1, 2, share), inside(hands[1], -1, share, 2, 2)
        second = [second[::-1], np.roll(second, round(slip * second.shape[1]), axis=1)][int(rng.integers(2))]
        return np.vstack([fitted(np.ascontiguousarray(piece), 150, 300) for piece in (first, second)])
    return np.hstack([fitted(np.ascontiguousarray(piece), 300, 150) for piece in (first, second)])


def two_faced(hands: Hands, rng: Generator) -> Pixels:
    """One part of a hand and its mirror image: two thumbs or none, fingers or a wrist at both ends."""
    share = float(rng.uniform(0.4, 0.6))
    upright = bool(rng.random() < 0.5)
    cuts = [(-1, -1, share, 2), (share, -1, 2, 2)] if upright else [(-1, -1, 2, share), (-1, share, 2, 2)]
    place = int(rng.integers(2))
    piece = inside(hands[0], *cuts[place])
    mirror = piece[:, ::-1] if upright else piece[::-1]
    pair = [piece, mirror] if place == 0 else [mirror, piece]
    return np.hstack(pair) if upright else np.vstack(pair)


def grafted(hands: Hands, rng: Generator) -> Pixels:
    """A third to two thirds of the hand are replaced by another part of a body, or by a piece of a hand, turned."""
    frame = fitted(hands[0].pixels, 300, 300).copy()
    box = hands[0].box
    tall, wide = (300 * rng.uniform(0.6, 0.85, 2) * [box.bottom - box.top, box.right - box.left]).astype(int).tolist()
    top, left = (int(300 * near + rng.uniform(0, 0.2) * size) for near, size in ((box.top, tall), (box.left, wide)))
    drawn = rng.random() < 0.5
    other = _STRANGE[int(rng.integers(len(_STRANGE)))](rng) if drawn else close_up(hands[1:], rng)
    turned = np.ascontiguousarray(np.rot90(other, int(rng.integers(4))))
    room = frame[top : top + max(tall, 8), left : left + max(wide, 8)]
    room[:] = fitted(turned, *room.shape)
    return frame


def holed(hands: Hands, rng: Generator) -> Pixels:
    """Blocks lost here and there, black, white or grey, until half of the hand or more is gone."""
    pixels = fitted(hands[0].pixels, 300, 300).copy()
    box = hands[0].box
    lost = np.zeros(pixels.shape, np.bool_)
    hand = np.s_[int(300 * box.top) : int(300 * box.bottom), int(300 * box.left) : int(300 * box.right)]
    largest, level = int(rng.integers(25, 110)), [0.0, 1.0, None][int(rng.integers(3))]
    enough = float(rng.uniform(0.5, 0.8))
    while lost[hand].mean() < enough:
        top, left = rng.integers(0, 300, 2).tolist()
        block = np.s_[top : top + int(rng.integers(8, largest)), left : left + int(rng.integers(8, largest))]
        lost[block], pixels[block] = True, float(rng.random()) if level is None else level
    return pixels
