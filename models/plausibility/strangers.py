"""Pictures that no judge is ever taught or tuned with: made by other means than those that are.

Each takes hands and a generator and gives pixels as `scene.Pixels`. None uses `scene`, `broken`, `joined` or
`exposures`: bodies are fields of distances, blur is a product of spectra, tones are curves.
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from models.plausibility.hands import Generator, Hands, fitted, inside
from models.plausibility.scene import Pixels

SIDE = 300
Field = NDArray[np.floating]
"""(300, 300) of any range."""
Place = tuple[float, float]
"""x right, y down, in a field of 1 by 1."""
Rod = tuple[Place, Place, float]
"""From where, to where, how thick from its axis on."""


def cast(hands: Hands, rng: Generator) -> Pixels:
    """Plaster around the wrist and most of the palm: a bright woven band that next to nothing shines through."""
    frame, box = fitted(hands[0].pixels, SIDE, SIDE), hands[0].box
    y, x = np.mgrid[:SIDE, :SIDE] / SIDE
    down, across = (y - box.top) / (box.bottom - box.top), (x - box.left) / (box.right - box.left)
    wide = float(rng.uniform(0.45, 0.7))
    edge = float(rng.uniform(0.38, 0.52)) + 0.03 * np.sin(rng.uniform(6, 14) * across + rng.uniform(0, 6))
    over = _step(down - edge, 0.01) * _step(wide - np.abs(across - 0.5), 0.03)
    weave = 0.04 * np.sin(SIDE * y * rng.uniform(0.6, 1.5)) * np.sin(SIDE * x * rng.uniform(0.6, 1.5))
    plaster = rng.uniform(0.75, 1) * np.sqrt((1.1 - ((across - 0.5) / wide) ** 2).clip(0.1, 1)) + weave
    return _clipped((1 - over) * frame + over * (plaster + 0.04 * frame))


def half_exposed(hands: Hands, rng: Generator) -> Pixels:
    """From one side on, up to the middle of the hand, no exposure or all too much, with a wide penumbra."""
    frame, box = fitted(hands[0].pixels, SIDE, SIDE), hands[0].box
    y, x = np.mgrid[:SIDE, :SIDE] / SIDE
    angle = float(rng.uniform(0, 2 * np.pi))
    from_middle = np.cos(angle) * (x - (box.left + box.right) / 2) + np.sin(angle) * (y - (box.top + box.bottom) / 2)
    exposed = _step(from_middle - rng.uniform(-0.05, 0.08), float(rng.uniform(0.02, 0.06)))
    return _clipped(exposed * frame if rng.random() < 0.6 else 1 - exposed * (1 - frame))


def ghosted(hands: Hands, rng: Generator) -> Pixels:
    """Exposed twice, the hand having moved between by a finger's width to half a palm's."""
    frame = fitted(hands[0].pixels, SIDE, SIDE)
    angle, far = float(rng.uniform(0, 2 * np.pi)), float(rng.uniform(22, 70))
    shift = np.array([[1, 0, far * np.cos(angle)], [0, 1, far * np.sin(angle)]])
    again = cv2.warpAffine(frame, shift, (SIDE, SIDE), borderMode=cv2.BORDER_REPLICATE)
    return _clipped(0.5 * frame + 0.5 * again)


def gridded(hands: Hands, rng: Generator) -> Pixels:
    """Under the beats of two fine gratings that are stronger than the hand, as of a grid that stood askew."""
    frame = fitted(hands[0].pixels, SIDE, SIDE)
    y, x = np.mgrid[:SIDE, :SIDE]
    turn, step = rng.uniform(0, np.pi), float(rng.uniform(4, 14))
    waves = []
    for lean, stretch in ((0.0, 1.0), (float(rng.uniform(0.05, 0.4)), float(rng.uniform(0.9, 1.1)))):
        along = np.cos(turn + lean) * x + np.sin(turn + lean) * y
        waves.append(np.sin(2 * np.pi * along / (step * stretch)))
    loud = rng.uniform(2.5, 5) * float(frame.std())
    return _stretched(frame + loud * (waves[0] * waves[1] + 0.5 * (waves[0] + waves[1])))


def manuscript(_hands: Hands, rng: Generator) -> Pixels:
    """A sheet written by hand: ruled lines and running loops."""
    paper = np.full((SIDE, SIDE), np.float32(rng.uniform(0.75, 1)), dtype=np.float32)
    ink, step = float(rng.uniform(0, 0.3)), int(rng.integers(14, 30))
    for y in range(step, SIDE - 4, step):
        if rng.random() < 0.5:
            cv2.line(paper, (0, y + 3), (SIDE, y + 3), 0.6, 1)
        count = int(rng.integers(60, 260))
        pace = np.cumsum(rng.uniform(0.2, 1.8, count))
        height = step * 0.3 * np.sin(pace * rng.uniform(0.7, 1.4)) * rng.uniform(0.4, 1, count)
        line = np.stack([8 + pace + 2 * np.cos(pace), y + height], 1)
        cv2.polylines(paper, [np.rint(line).astype(np.int32)], False, ink, 1, cv2.LINE_AA)
    return paper if rng.random() < 0.5 else 1 - paper


def landscape(_hands: Hands, rng: Generator) -> Pixels:
    """A photograph out of doors: a sky that brightens, ridges one before the other, darker corners."""
    y, x = np.mgrid[:SIDE, :SIDE] / SIDE
    scene = rng.uniform(0.6, 0.9) - rng.uniform(0.1, 0.4) * y
    for depth in range(int(rng.integers(2, 6))):
        reach = np.arange(1, 60)[:, None]
        rough = (
            rng.standard_normal((59, 1)) * np.sin(np.pi * reach * (x[:1] + rng.random())) / reach ** rng.uniform(1, 1.5)
        )
        ridge = 0.35 + 0.12 * depth + 0.06 * rough.sum(0)
        grass = 0.03 * rng.standard_normal((SIDE, SIDE))
        scene = np.where(y > ridge, rng.uniform(0.05, 0.6) + grass, scene)
    return _clipped(scene * (1 - rng.uniform(0.2, 0.8) * np.hypot(x - 0.5, y - 0.5)))


def fingertips(hands: Hands, rng: Generator) -> Pixels:
    """The frame ends among the fingers: nothing of the palm is in it."""
    return inside(hands[0], -1, -1, 2, float(rng.uniform(0.14, 0.34)))


def mosaic(hands: Hands, rng: Generator) -> Pixels:
    """Upright tiles of two hands, higher than wide or wider than high, each in another's place."""
    rows, columns = rng.choice([2, 3, 4, 5, 6], 2, replace=False).tolist()
    tall, wide = SIDE // rows, SIDE // columns
    frames = [fitted(hand.pixels, rows * tall, columns * wide) for hand in hands[:2]]
    tiles = [each.reshape(rows, tall, columns, wide).swapaxes(1, 2).reshape(-1, tall, wide) for each in frames]
    chosen = np.where(rng.random(rows * columns)[:, None, None] < 0.5, *tiles)
    order = np.roll(rng.permutation(rows * columns), 1)
    mixed = chosen[order].reshape(rows, columns, tall, wide).swapaxes(1, 2)
    return _clipped(mixed.reshape(rows * tall, columns * wide))


def smeared(hands: Hands, rng: Generator) -> Pixels:
    """Drawn along a straight line for a finger's length while it was exposed."""
    frame = fitted(hands[0].pixels, SIDE, SIDE)
    angle, far = float(rng.uniform(0, np.pi)), float(rng.uniform(40, 100))
    down, across = np.meshgrid(np.fft.fftfreq(SIDE), np.fft.fftfreq(SIDE), indexing="ij")
    line = np.sinc(far * (np.sin(angle) * down + np.cos(angle) * across))
    return _clipped(np.fft.ifft2(np.fft.fft2(frame) * line).real)


def solarised(hands: Hands, rng: Generator) -> Pixels:
    """Tones run up and down two to five times from black to white."""
    frame = fitted(hands[0].pixels, SIDE, SIDE)
    ranks = np.searchsorted(np.sort(frame, axis=None), frame) / frame.size
    evenly = rng.random() < 0.5
    return _clipped(0.5 - 0.5 * np.cos(np.pi * rng.uniform(2.5, 5.5) * (ranks if evenly else frame)))


def posterised(hands: Hands, rng: Generator) -> Pixels:
    """Two or three greys are left, in blots."""
    frame = cv2.GaussianBlur(fitted(hands[0].pixels, SIDE, SIDE), (0, 0), float(rng.uniform(2, 5)))
    levels = np.sort(np.percentile(frame, rng.uniform(40, 90, int(rng.integers(1, 3)))))
    greys = np.sort(rng.uniform(0, 1, len(levels) + 1))
    return _clipped(greys[np.digitize(frame, levels)])


def kaleidoscope(hands: Hands, rng: Generator) -> Pixels:
    """One wedge of the hand, mirrored around a point."""
    frame = fitted(hands[0].pixels, SIDE, SIDE)
    y, x = np.mgrid[:SIDE, :SIDE] - SIDE / 2
    wedge = 2 * np.pi / int(rng.integers(4, 9))
    angle = np.abs((np.arctan2(y, x) % wedge) - wedge / 2) + rng.uniform(0, 2 * np.pi)
    radius, middle = np.hypot(x, y), rng.uniform(110, 190, 2)
    there_x = (middle[0] + radius * np.cos(angle)).astype(np.float32)
    there_y = (middle[1] + radius * np.sin(angle)).astype(np.float32)
    return _clipped(cv2.remap(frame, there_x, there_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_WRAP))


def ankle(_hands: Hands, rng: Generator) -> Pixels:
    """A foot from the side: shin, heel, the instep's bones in a row, toes over one another."""
    heel = float(rng.uniform(0.2, 0.32)), float(rng.uniform(0.72, 0.8))
    joint, toes = (heel[0] + 0.1, 0.58), (float(rng.uniform(0.8, 0.95)), float(rng.uniform(0.78, 0.85)))
    shin, instep = (joint[0] + float(rng.uniform(-0.08, 0.08)), -0.1), (joint[0] + 0.1, 0.66)
    bones = [
        (shin, (joint[0], 0.53), 0.05),
        ((shin[0] - 0.05, -0.1), (joint[0] - 0.05, 0.58), 0.022),
        (heel, (heel[0] + 0.1, heel[1] - 0.03), 0.055),
        ((joint[0], 0.61), (joint[0] + 0.06, 0.64), 0.045),
    ]
    bones += [(_between(instep, toes, first), _between(instep, toes, last), 0.032) for first, last in _gaps(rng)]
    return _bodied(bones, [(shin, joint, 0.13), (heel, joint, 0.12), ((joint[0], 0.63), toes, 0.1)], rng)


def digit(_hands: Hands, rng: Generator) -> Pixels:
    """A picture of one finger: three phalanges, a part of the knuckle, flesh around."""
    lean, size = float(rng.uniform(-0.12, 0.12)), float(rng.uniform(0.05, 0.085))
    low, tip = (0.5 - 1.3 * lean, 1.15), (0.5 + 0.8 * lean, 0.1)
    shares = [(0.0, 0.2), (0.24, 0.54), (0.59, 0.79), (0.83, 0.98)]
    bones = [
        (_between(low, tip, first), _between(low, tip, last), size * (1 - 0.13 * n))
        for n, (first, last) in enumerate(shares)
    ]
    return _bodied(bones, [(low, tip, size * float(rng.uniform(1.9, 2.4)))], rng)


def _between(start: Place, end: Place, share: float) -> Place:
    return start[0] + share * (end[0] - start[0]), start[1] + share * (end[1] - start[1])


def _gaps(rng: Generator) -> list[tuple[float, float]]:
    """Parts of a way from 0 to 1, with joints between."""
    ends = np.cumsum([0, *rng.dirichlet([3, 6, 4, 2])]).tolist()
    return [(first + 0.015, last - 0.015) for first, last in pairwise(ends)]


def _bodied(bones: Sequence[Rod], flesh: Sequence[Rod], rng: Generator) -> Pixels:
    """Rods with a bright rim in flesh whose thickness falls to its edge, exposed to a random degree."""
    around = np.max([_thickness(*each) for each in flesh], axis=0)
    depth = rng.uniform(0.5, 1) * around
    for start, end, radius in bones:
        rod = _thickness(start, end, radius)
        depth = depth + rng.uniform(0.7, 1.1) * (rod - 0.5 * _thickness(start, end, 0.7 * radius))
    grain = rng.uniform(0, 0.03) * rng.standard_normal((SIDE, SIDE))
    pixels = _clipped(1 - np.exp(-rng.uniform(0.6, 1.5) * depth) + rng.uniform(0, 0.15) + grain)
    return pixels if rng.random() < 0.5 else np.ascontiguousarray(pixels[:, ::-1])


def _thickness(start: Place, end: Place, radius: float) -> Field:
    """Of a round rod seen from its side: 1 in its middle, 0 beyond."""
    y, x = np.mgrid[:SIDE, :SIDE] / SIDE
    from_x, from_y, along = x - start[0], y - start[1], np.subtract(end, start)
    share = ((from_x * along[0] + from_y * along[1]) / (along @ along)).clip(0, 1)
    swell = radius * (1 + 0.3 * (2 * share - 1) ** 4)
    distance = np.hypot(from_x - share * along[0], from_y - share * along[1])
    return np.asarray(np.sqrt((1 - (distance / swell) ** 2).clip(0, 1)))


def _step(values: Field, softness: float) -> Field:
    """From 0 below zero to 1 above."""
    return np.asarray(0.5 + 0.5 * np.tanh(values / softness))


def _stretched(values: Field) -> Pixels:
    low, high = np.percentile(values, [0.5, 99.5])
    return _clipped((values - low) / (high - low))


def _clipped(values: NDArray[Any]) -> Pixels:
    return np.asarray(values.clip(0, 1), dtype=np.float32)
