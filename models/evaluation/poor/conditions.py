"""The damage of each column: each kind at its set strength, all three of BoNet+ together, and kinds never learnt."""

from collections.abc import Sequence
from dataclasses import dataclass

from models.data.labels import Label
from models.degradation.kinds import DAMAGES, LEARNT, UNSEEN, Kind
from models.degradation.transforms import degradation, degrade
from models.phantom.damage import Pixels

SEED = 9
"""Of the damage that is measured; no training has it."""


@dataclass(frozen=True)
class Condition:
    """name: the column's; kinds: done together."""

    name: str
    kinds: tuple[Kind, ...]


CLEAN = Condition("high quality", ())
PAPER = (CLEAN, *(Condition(str(kind), (kind,)) for kind in LEARNT), Condition("all three", LEARNT))
"""The columns of BoNet+ Table 4, and of its last experiment."""
STRANGE = tuple(Condition(str(kind), (kind,)) for kind in UNSEEN)


def damaged(images: Sequence[tuple[Label, Pixels]], condition: Condition) -> list[Pixels]:
    """Each image with this damage: always the same to the same image."""
    done = degradation(condition.kinds, seed=SEED)
    return [degrade(pixels, label.id, done)[0] for label, pixels in images]


def strengths_line() -> str:
    """What each kind of damage is measured at."""
    return "; ".join(f"{kind} {known.strength:g} {known.unit}" for kind, known in DAMAGES.items())
