"""A recipe of a segmenter: its network, what it learns from and its schedule, in one YAML file."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

from models.data.augment import Augmentation
from models.training.recipe import PhantomSet, read_document, to_settings

TASK = "segmentation"
"""The value of a recipe's key `task` that makes it one of a segmenter."""


class Optimiser(StrEnum):
    """What follows the gradient."""

    ADAMW = "adamw"
    SGD = "sgd"
    """With momentum, as PreciseBAA 4.1 and the U-Net of 2015."""


@dataclass(frozen=True)
class SegmentationRecipe:
    """name, architecture, side of the input in pixels, and schedule."""

    name: str
    architecture: str
    input_size: int
    epochs: int
    task: str = TASK
    parameters: Mapping[str, Any] = field(default_factory=dict)
    """Of the architecture."""
    pasted: int = 600
    """How many radiographs are made of the true hands, beside those with a pseudo-mask."""
    phantoms: PhantomSet | None = None
    """Train on phantoms; None trains on the radiographs of --data."""
    augmentation: Augmentation = field(default_factory=Augmentation)
    optimiser: Optimiser = Optimiser.ADAMW
    momentum: float = 0.99
    """Of SGD."""
    batch_size: int = 16
    learning_rate: float = 2e-3
    """The highest; it rises over the first warmup_share and falls to zero by a half cosine."""
    warmup_share: float = 0.05
    weight_decay: float = 0.01
    clip_norm: float = 5.0
    ema_decay: float = 0.99
    """Of the exponential moving average of the weights, which is what ships."""
    measure_every: int = 1
    """Epochs from one look at the select split to the next; the last epoch is always looked at."""
    bfloat16: bool = True
    """bfloat16 autocast."""
    seed: int = 0

    @property
    def network_parameters(self) -> dict[str, Any]:
        """As a card has them."""
        return dict(self.parameters)


def load_segmentation_recipe(path: Path) -> SegmentationRecipe:
    """Read a recipe. Raises ValueError that names the file and the key."""
    document = read_document(path)
    try:
        return _recipe(document)
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"{path}: {error}") from None


def _recipe(document: dict[str, Any]) -> SegmentationRecipe:
    values = dict(document)
    if values.get("task") != TASK:
        raise ValueError(f"task is {TASK} in a segmenter's recipe, not {values.get('task')}")
    values["augmentation"] = to_settings(Augmentation, values.get("augmentation", {}))
    if "optimiser" in values:
        values["optimiser"] = Optimiser(values["optimiser"])
    if values.get("phantoms") is not None:
        values["phantoms"] = to_settings(PhantomSet, values["phantoms"])
    recipe: SegmentationRecipe = to_settings(SegmentationRecipe, values)
    return recipe
