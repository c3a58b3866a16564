"""A recipe of a judge of plausibility: its network, what it learns from and its schedule, in one YAML file."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from models.data.augment import Augmentation
from models.plausibility.verdict import CLASSES
from models.training.recipe import PhantomSet, read_document, to_settings

TASK = "plausibility"
"""The value of a recipe's key `task` that makes it one of a judge."""


@dataclass(frozen=True)
class PlausibilityRecipe:
    """name, architecture, side of the input in pixels, and schedule."""

    name: str
    architecture: str
    input_size: int
    epochs: int
    task: str = TASK
    parameters: Mapping[str, Any] = field(default_factory=dict)
    """Of the architecture, without its count of classes."""
    hands: int = 3000
    """Radiographs of whole hands, as they came."""
    sources: int = 800
    """Radiographs that hands are cut out of, to be reframed or spoiled."""
    drawn: int = 250
    """Phantoms that count as hands, and are reframed and spoiled with the sources."""
    reframed: int = 1000
    """Whole hands with other borders, made of sources and drawn hands."""
    made_each: int = 130
    """Pictures of each kind that is no hand."""
    phantoms: PhantomSet | None = None
    """Train on phantoms alone; None takes the radiographs of --data too."""
    augmentation: Augmentation = field(default_factory=Augmentation)
    batch_size: int = 32
    learning_rate: float = 2e-3
    """The highest; it rises over the first warmup_share and falls to zero by a half cosine."""
    warmup_share: float = 0.05
    weight_decay: float = 0.05
    clip_norm: float = 5.0
    ema_decay: float = 0.99
    """Of the exponential moving average of the weights, which is what ships."""
    measure_every: int = 1
    """Epochs from one look at the select split to the next; the last epoch is always looked at."""
    seed: int = 0

    @property
    def network_parameters(self) -> dict[str, Any]:
        """`parameters` with the count of classes."""
        return {**self.parameters, "classes": len(CLASSES)}


def load_plausibility_recipe(path: Path) -> PlausibilityRecipe:
    """Read a recipe. Raises ValueError that names the file and the key."""
    document = read_document(path)
    try:
        return _recipe(document)
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"{path}: {error}") from None


def _recipe(document: dict[str, Any]) -> PlausibilityRecipe:
    values = dict(document)
    if values.get("task") != TASK:
        raise ValueError(f"task is {TASK} in the recipe of a judge, not {values.get('task')}")
    values["augmentation"] = to_settings(Augmentation, values.get("augmentation", {}))
    if values.get("phantoms") is not None:
        values["phantoms"] = to_settings(PhantomSet, values["phantoms"])
    recipe: PlausibilityRecipe = to_settings(PlausibilityRecipe, values)
    return recipe
