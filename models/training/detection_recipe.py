"""A recipe of a detector: what it learns to find, its network and its schedule, in one YAML file."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from models.data.augment import Augmentation
from models.detection.marked import Marks
from models.training.recipe import ADDED, PhantomSet, read_document, to_settings, training_folds

TASK = "detection"
"""The value of a recipe's key `task` that makes it one of a detector."""


@dataclass(frozen=True)
class DetectionRecipe:
    """name, what is found, architecture, side of the input in pixels, and schedule."""

    name: str
    marks: Marks
    architecture: str
    input_size: int
    epochs: int
    task: str = TASK
    parameters: Mapping[str, Any] = field(default_factory=dict)
    """Of the architecture, without its count of classes, which follows from the marks."""
    phantoms: PhantomSet | None = None
    """Train on phantoms; None trains on the radiographs of --data."""
    augmentation: Augmentation = field(default_factory=Augmentation)
    batch_size: int = 16
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
    folds: tuple[int, ...] | None = field(default=None, metadata={ADDED: True})
    """Train on these of folds 0 to 7 alone, so that the others measure as well."""

    def __post_init__(self) -> None:
        if self.folds is not None:
            object.__setattr__(self, "folds", training_folds(self.folds))

    @property
    def network_parameters(self) -> dict[str, Any]:
        """`parameters` with the count of classes."""
        return {**self.parameters, "classes": len(self.marks.classes)}


def load_detection_recipe(path: Path) -> DetectionRecipe:
    """Read a recipe. Raises ValueError that names the file and the key."""
    document = read_document(path)
    try:
        return _recipe(document)
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"{path}: {error}") from None


def _recipe(document: dict[str, Any]) -> DetectionRecipe:
    values = dict(document)
    if values.get("task") != TASK:
        raise ValueError(f"task is {TASK} in a detector's recipe, not {values.get('task')}")
    values["marks"] = Marks(values["marks"])
    values["augmentation"] = to_settings(Augmentation, values.get("augmentation", {}))
    if values.get("phantoms") is not None:
        values["phantoms"] = to_settings(PhantomSet, values["phantoms"])
    recipe: DetectionRecipe = to_settings(DetectionRecipe, values)
    return recipe
