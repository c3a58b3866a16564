"""A recipe of IntervalNet: what an image passes, how ages are cut, its network and its schedule, in one YAML file."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from models.interval_net.chain import Chain, to_chain
from models.interval_net.scale import AgeScale, Intervals
from models.training.recipe import to_settings
from models.training.task_recipe import TaskRecipe, load_task_recipe

TASK = "intervals"
"""The value of a recipe's key `task`."""


@dataclass(frozen=True, kw_only=True)
class IntervalRecipe(TaskRecipe):
    """A classifier of ages."""

    task: str = TASK
    chain: Chain = field(default_factory=Chain)
    intervals: Intervals = field(default_factory=Intervals)
    scale: AgeScale | None = None
    """The classes; None cuts the ages of the training images. The run folder's recipe has those that were cut."""
    images: int = 10_000
    """At most so many radiographs train, evenly spread."""
    select_images: int = 600
    """At most so many of the even ids of fold 8 select."""
    batch_size: int = 64
    constant_rate: bool = False
    """The rate stays as it is, instead of rising first and then falling."""
    patience: int | None = None
    """Stop after so many epochs without a lower cross-entropy on the select split; None never."""

    def __post_init__(self) -> None:
        for key in ("images", "select_images", "epochs", *(["patience"] if self.patience is not None else [])):
            value = getattr(self, key)
            if isinstance(value, bool) or not isinstance(value, int) or value < 1:
                raise ValueError(f"{key} is a whole number of at least 1, not {value!r}")
        if self.scale is not None and len(self.scale.centres_months) != self.intervals.count:
            raise ValueError(
                f"the scale has {len(self.scale.centres_months)} classes, intervals.count is {self.intervals.count}"
            )

    @property
    def network_parameters(self) -> dict[str, Any]:
        """`parameters` with the scale. Raises ValueError where no ages have been cut yet."""
        scale = self.known_scale
        return {**self.parameters, "edges_months": scale.edges_months, "centres_months": scale.centres_months}

    @property
    def known_scale(self) -> AgeScale:
        """Raises ValueError where no ages have been cut yet."""
        if self.scale is None:
            raise ValueError(f"{self.name}: ages are not cut into classes yet; train it, and give the run's recipe")
        return self.scale

    def with_scale(self, scale: AgeScale) -> "IntervalRecipe":
        """The recipe with its classes."""
        return replace(self, scale=scale)


def load_interval_recipe(path: Path, changes: Mapping[str, Any] | None = None) -> IntervalRecipe:
    """Read a recipe, with some keys changed. Raises ValueError that names the file and the key."""
    read = {"chain": to_chain, "intervals": _intervals, "scale": _scale}
    return load_task_recipe(path, IntervalRecipe, TASK, read, changes)


def _intervals(values: object) -> Intervals:
    if not isinstance(values, Mapping):
        raise ValueError(f"intervals has the keys count and cut, not {values!r}")
    found: Intervals = to_settings(Intervals, values)
    return found


def _scale(values: object) -> AgeScale | None:
    if values is None:
        return None
    if not isinstance(values, Mapping):
        raise ValueError(f"scale has the keys edges_months and centres_months, not {values!r}")
    found: AgeScale = to_settings(AgeScale, values)
    return found
