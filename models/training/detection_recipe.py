"""A recipe of a detector: what it learns to find, its network and its schedule, in one YAML file."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from models.detection.marked import Marks
from models.training.recipe import ADDED, training_folds
from models.training.task_recipe import TaskRecipe, load_task_recipe

TASK = "detection"
"""The value of a recipe's key `task`."""


@dataclass(frozen=True, kw_only=True)
class DetectionRecipe(TaskRecipe):
    """marks: what is found."""

    task: str = TASK
    marks: Marks
    folds: tuple[int, ...] | None = field(default=None, metadata={ADDED: True})
    """Train on these of folds 0 to 7 alone, so that the others measure as well."""

    def __post_init__(self) -> None:
        if self.folds is not None:
            object.__setattr__(self, "folds", training_folds(self.folds))

    @property
    def network_parameters(self) -> dict[str, Any]:
        """`parameters` with the count of classes, which follows from the marks."""
        return {**self.parameters, "classes": len(self.marks.classes)}


def load_detection_recipe(path: Path) -> DetectionRecipe:
    """Read a recipe. Raises ValueError that names the file and the key."""
    return load_task_recipe(path, DetectionRecipe, TASK, {"marks": Marks})
