"""MONAI transforms that damage an image in a known way and log what they did."""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from monai.transforms import Compose, Transform

from models.degradation.kinds import DAMAGES, Kind
from models.phantom.damage import Pixels

IMAGE, ID, APPLIED = "image", "id", "applied"
"""Keys of an item: (H, W) float32 in [0, 1]; the image's number; what was done to it, a tuple of Applied."""


@dataclass(frozen=True)
class Applied:
    """Damage that was done. strength: in the unit of its kind."""

    kind: Kind
    strength: float


class Degrade(Transform):  # type: ignore[misc]  # MONAI has no types here
    """Does damage of one kind, the same to the same image for the same seed, and adds it to the item's log.

    spread: the strength of an image lies between the strength divided by this and multiplied by it, uniform by its
    logarithm; 1 is the strength itself. Raises ValueError for a strength that the kind does not have.
    """

    def __init__(self, kind: Kind, strength: float | None = None, *, spread: float = 1.0, seed: int = 0) -> None:
        known = DAMAGES[kind]
        self.kind, self.strength = kind, known.strength if strength is None else strength
        self.spread, self.seed = spread, seed
        if not known.least <= self.strength <= known.most or spread < 1:
            raise ValueError(
                f"{kind}: a strength is {known.least:g} to {known.most:g} ({known.unit}) and its spread at least 1, "
                f"not {self.strength:g} and {spread:g}"
            )

    def __call__(self, item: Mapping[Hashable, Any]) -> dict[Hashable, Any]:
        """The item with its image damaged and APPLIED longer by one."""
        rng = np.random.default_rng([self.seed, int(item[ID]), list(Kind).index(self.kind)])
        known = DAMAGES[self.kind]
        drawn = self.strength * self.spread ** float(rng.uniform(-1, 1))
        strength = min(max(drawn, known.least), known.most)
        image = known.do(np.asarray(item[IMAGE]), rng, strength)
        return {**item, IMAGE: image, APPLIED: (*item.get(APPLIED, ()), Applied(self.kind, strength))}


def degradation(
    kinds: Sequence[Kind], strengths: Mapping[Kind, float] | None = None, *, spread: float = 1.0, seed: int = 0
) -> Compose:
    """All of these kinds, one after the other in the order of DAMAGES. strengths: where they are not the usual."""
    asked = strengths or {}
    return Compose([Degrade(kind, asked.get(kind), spread=spread, seed=seed) for kind in DAMAGES if kind in kinds])


def degrade(pixels: Pixels, image_id: int, transform: Compose) -> tuple[Pixels, tuple[Applied, ...]]:
    """A copy of the pixels, damaged, and what was done."""
    item = transform({IMAGE: pixels.copy(), ID: image_id})
    return item[IMAGE], tuple(item.get(APPLIED, ()))
