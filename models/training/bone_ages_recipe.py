"""Recipes of readers of single bones."""

from dataclasses import dataclass
from pathlib import Path

from models.training.task_recipe import TaskRecipe, load_task_recipe


@dataclass(frozen=True, kw_only=True)
class BoneAgesRecipe(TaskRecipe):
    """The training of a reader of single bones; input_size is that of a crop."""

    task: str = "bone ages"
    bones: str = "bone_detector"
    """Name of the weights of the detector whose boxes are cut out."""
    each: int = 13
    """Bones of a hand that a step sees, drawn anew each time."""

    def __post_init__(self) -> None:
        if not 1 <= self.each <= 13:
            raise ValueError(f"each is a number of bones from 1 to 13, not {self.each}")


def load_bone_ages_recipe(path: Path) -> BoneAgesRecipe:
    """Read a recipe. Raises ValueError that names the file and the key."""
    return load_task_recipe(path, BoneAgesRecipe, BoneAgesRecipe.task)
