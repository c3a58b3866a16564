"""Standard frames with what they are: what a judge learns from and is measured on."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.plausibility.hands import HANDS_NEEDED, Hand, poor, whole
from models.plausibility.kinds import KINDS, Kind
from models.plausibility.scene import Pixels
from models.plausibility.verdict import CLASSES, Verdict
from models.preprocess import FRAME_PX, standard_frame


@dataclass(frozen=True)
class JudgedFrames:
    """frames (N, 299, 299) uint8, made standard; verdicts (N,) int64, places in CLASSES."""

    frames: NDArray[np.uint8]
    verdicts: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.frames)

    def __add__(self, other: "JudgedFrames") -> "JudgedFrames":
        """These, then the others."""
        frames = np.concatenate([self.frames, other.frames])
        return JudgedFrames(frames, np.concatenate([self.verdicts, other.verdicts]))


def as_hands(frames: NDArray[np.uint8]) -> JudgedFrames:
    """Frames of whole hands."""
    return JudgedFrames(frames, np.full(len(frames), CLASSES.index(Verdict.HAND), np.int64))


POOR_SHARE = 0.4
"""Of reframed hands, so many show a little worse."""


def reframed(hands: Sequence[Hand], count: int, seed: int) -> JudgedFrames:
    """`count` frames of whole hands, in turn, each with other borders, some a little worse."""
    frames = np.empty((count, FRAME_PX, FRAME_PX), np.uint8)
    for n in range(count):
        rng = np.random.default_rng((seed, n))
        pixels = whole(hands[n % len(hands)], rng)
        frames[n] = standard_frame(poor(pixels, rng) if rng.random() < POOR_SHARE else pixels)
    return as_hands(frames)


def made(kinds: Sequence[Kind], each: int, hands: Sequence[Hand], seed: int) -> JudgedFrames:
    """So many frames of each kind."""
    frames = np.empty((len(kinds) * each, FRAME_PX, FRAME_PX), np.uint8)
    verdicts = np.empty(len(frames), np.int64)
    for n, (kind, pixels) in enumerate(pictures(kinds, each, hands, seed)):
        frames[n], verdicts[n] = standard_frame(pixels), CLASSES.index(kind.verdict)
    return JudgedFrames(frames, verdicts)


def pictures(kinds: Sequence[Kind], each: int, hands: Sequence[Hand], seed: int) -> Iterator[tuple[Kind, Pixels]]:
    """So many pictures of each kind, made of these hands, before anything is made standard.

    The same kind, hands and seed give the same pictures, whatever other kinds are asked for.
    """
    for kind in kinds:
        for n in range(each):
            rng = np.random.default_rng((seed, KINDS.index(kind), n))
            chosen = [hands[int(place)] for place in rng.integers(len(hands), size=HANDS_NEEDED)]
            yield kind, kind.make(chosen, rng)
