"""A recipe of a judge of plausibility: its network, what it learns from and its schedule, in one YAML file."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from models.plausibility.verdict import CLASSES
from models.training.task_recipe import TaskRecipe, load_task_recipe

TASK = "plausibility"
"""The value of a recipe's key `task`."""


@dataclass(frozen=True, kw_only=True)
class PlausibilityRecipe(TaskRecipe):
    """A judge's training."""

    task: str = TASK
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
    batch_size: int = 32

    @property
    def network_parameters(self) -> dict[str, Any]:
        """`parameters` with the count of classes."""
        return {**self.parameters, "classes": len(CLASSES)}


def load_plausibility_recipe(path: Path) -> PlausibilityRecipe:
    """Read a recipe. Raises ValueError that names the file and the key."""
    return load_task_recipe(path, PlausibilityRecipe, TASK)
