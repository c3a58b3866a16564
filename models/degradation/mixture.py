"""Sets of poor images: each image has one of several choices of damage, drawn by its number."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from models.data.labels import Label
from models.degradation.kinds import LEARNT, Kind, to_kinds
from models.degradation.transforms import Applied, degradation, degrade
from models.phantom.damage import Pixels

Choice = tuple[Kind, ...]
"""Kinds that are done to one image together; none leaves it as it is."""
CLEAN: Choice = ()
TOGETHER: Choice = LEARNT
SINGLE: tuple[Choice, ...] = tuple((kind,) for kind in LEARNT)


@dataclass(frozen=True)
class Mixture:
    """choices: each as likely. spread: of strengths, as of `transforms.Degrade`. seed: another one draws others."""

    choices: tuple[Choice, ...] = (CLEAN, *SINGLE, TOGETHER)
    spread: float = 1.5
    seed: int = 0

    def __post_init__(self) -> None:
        if not self.choices or self.spread < 1:
            raise ValueError("a mixture has at least one of choices, and a spread of at least 1")
        object.__setattr__(self, "choices", tuple(to_kinds(choice) for choice in self.choices))

    def choice_of(self, image_id: int) -> int:
        """Which of the choices an image has."""
        return int(np.random.default_rng([self.seed, image_id, len(Kind)]).integers(len(self.choices)))


@dataclass(frozen=True)
class PoorImage:
    """clean, poor: (H, W) float32 in [0, 1], before and after; choice: its place in the mixture."""

    label: Label
    clean: Pixels
    poor: Pixels
    choice: int
    applied: tuple[Applied, ...]


def poor_images(images: Iterable[tuple[Label, Pixels]], mixture: Mixture) -> Iterator[PoorImage]:
    """Each image with the damage that it has in this mixture."""
    done = [degradation(choice, spread=mixture.spread, seed=mixture.seed) for choice in mixture.choices]
    for label, pixels in images:
        choice = mixture.choice_of(label.id)
        poor, applied = degrade(pixels, label.id, done[choice])
        yield PoorImage(label, pixels, poor, choice, applied)


def counts(applied: Sequence[tuple[Applied, ...]]) -> dict[str, int]:
    """How many images had which kinds: what a training's log says of its set."""
    names = ["+".join(one.kind for one in each) or "clean" for each in applied]
    return {name: names.count(name) for name in sorted(set(names))}
