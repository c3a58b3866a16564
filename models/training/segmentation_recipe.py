"""A recipe of a segmenter: its network, what it learns from and its schedule, in one YAML file."""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from models.training.task_recipe import TaskRecipe, load_task_recipe

TASK = "segmentation"
"""The value of a recipe's key `task`."""


class Optimiser(StrEnum):
    """What follows the gradient."""

    ADAMW = "adamw"
    SGD = "sgd"
    """With momentum, as PreciseBAA 4.1 and the U-Net of 2015."""


@dataclass(frozen=True, kw_only=True)
class SegmentationRecipe(TaskRecipe):
    """A U-Net's training."""

    task: str = TASK
    pasted: int = 600
    """How many radiographs are made of the true hands, beside those with a pseudo-mask."""
    optimiser: Optimiser = Optimiser.ADAMW
    momentum: float = 0.99
    """Of SGD."""
    weight_decay: float = 0.01
    bfloat16: bool = True
    """bfloat16 autocast."""


def load_segmentation_recipe(path: Path) -> SegmentationRecipe:
    """Read a recipe. Raises ValueError that names the file and the key."""
    return load_task_recipe(path, SegmentationRecipe, TASK, {"optimiser": Optimiser})
