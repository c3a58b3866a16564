"""Recipes of the network that grades thirteen bones: its backbone, what it learns from and its schedule."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from models.data.augment import Augmentation
from models.levels.scale import COUNTS
from models.training.segmentation_recipe import Optimiser
from models.training.task_recipe import TaskRecipe, load_task_recipe

TASK = "levels"
"""The value of a recipe's key `task`."""


@dataclass(frozen=True, kw_only=True)
class LevelsRecipe(TaskRecipe):
    """The training of a grader on a site's levels; a hand is one of the batch."""

    task: str = TASK
    class_weights: float = 1.0
    """Weight of a level in its bone's cross-entropy: (1 / its share of the training images) to this power."""
    optimiser: Optimiser = Optimiser.ADAMW
    momentum: float = 0.9
    """Of SGD."""
    bfloat16: bool = True
    """bfloat16 autocast."""
    augmentation: Augmentation = field(default_factory=lambda: Augmentation(rotation_deg=10, shift=0.05))
    """The thirteen crops of a hand are mirrored together, each is moved by itself."""

    @property
    def network_parameters(self) -> dict[str, Any]:
        """`parameters` with the counts of levels."""
        return {**self.parameters, "counts": list(COUNTS)}


def load_levels_recipe(path: Path) -> LevelsRecipe:
    """Read a recipe. Raises ValueError that names the file and the key."""
    recipe = load_task_recipe(path, LevelsRecipe, TASK, {"optimiser": Optimiser})
    if recipe.phantoms is not None:
        raise ValueError(
            f"{path}: phantoms: levels are learnt from a site's set; `dicom-node data phantom-levels` writes one"
        )
    return recipe
