"""Recipes of the two networks for poor images: what they learn from and their schedule, in one YAML file each."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from models.degradation.kinds import to_kinds
from models.degradation.mixture import Choice, Mixture
from models.quality.classes import CHOICES, CLASSES
from models.training.task_recipe import TaskRecipe, load_task_recipe


@dataclass(frozen=True, kw_only=True)
class QualityRecipe(TaskRecipe):
    """A classifier's training."""

    task: str = "quality"
    images: int = 4000
    """Radiographs, each with the damage of one class."""
    spread: float = 1.5
    """Of strengths: `models.degradation.transforms.Degrade`."""

    @property
    def network_parameters(self) -> dict[str, Any]:
        """`parameters` with the count of classes."""
        return {**self.parameters, "classes": len(CLASSES)}

    @property
    def mixture(self) -> Mixture:
        """Of what the training sees; each class is as likely."""
        return Mixture(CHOICES, self.spread, self.seed)


@dataclass(frozen=True, kw_only=True)
class RestorationRecipe(TaskRecipe):
    """The training of a network that improves images."""

    task: str = "restoration"
    images: int = 3000
    """Radiographs, each with one of the choices of damage."""
    choices: tuple[Choice, ...] = Mixture().choices
    """Kinds of damage that an image has together; [] is none."""
    spread: float = 1.5
    """Of strengths: `models.degradation.transforms.Degrade`."""
    crop: int | None = None
    """Pixels; side of the piece of an image that a step sees. None takes the whole."""
    batch_size: int = 8
    start_from: str | None = None
    """Name of weights of the same shape to begin with; None begins with fresh ones."""
    readers: tuple[str, ...] = ()
    """Names of weights of readers, which should read improved and clean images alike; none looks at pixels alone."""
    reading_share: float = 0.0
    """Of the steps, 0 to 1: those in which one of the readers reads whole images beside."""
    reading_from: float = 0.0
    """Of the training, 0 to 1: how much of it is over before readers look at all."""
    reading_images: int = 4
    """Of a batch, in such a step."""
    reading_weight: float = 0.1
    """Of the distance between what readers see, a share, beside the mean absolute error of pixels in [0, 1]."""
    month_weight: float = 0.001
    """Of a month between two readings."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "readers", tuple(self.readers))
        if not 0 <= self.reading_share <= 1 or bool(self.readers) != bool(self.reading_share):
            raise ValueError("readers have a reading_share above 0 and at most 1, and no others do")
        if not 0 <= self.reading_from <= 1:
            raise ValueError(f"reading_from is 0 to 1, not {self.reading_from}")

    @property
    def mixture(self) -> Mixture:
        """Of what the training sees."""
        return Mixture(self.choices, self.spread, self.seed)


def load_quality_recipe(path: Path) -> QualityRecipe:
    """Read a recipe. Raises ValueError that names the file and the key."""
    return load_task_recipe(path, QualityRecipe, QualityRecipe.task)


def load_restoration_recipe(path: Path) -> RestorationRecipe:
    """Read a recipe. Raises ValueError that names the file and the key."""
    return load_task_recipe(path, RestorationRecipe, RestorationRecipe.task, {"choices": _choices})


def _choices(values: Iterable[object]) -> tuple[Choice, ...]:
    return tuple(to_kinds(value) for value in values)
