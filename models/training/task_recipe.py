"""What the recipes of every task but reading bone age have in common, and how a file becomes one."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from models.data.augment import Augmentation
from models.training.changes import changed
from models.training.recipe import PhantomSet, read_document, to_settings


@dataclass(frozen=True, kw_only=True)
class TaskRecipe:
    """name, architecture, side of the input in pixels, and schedule. task: the value of the file's key `task`."""

    name: str
    architecture: str
    input_size: int
    epochs: int
    task: str
    parameters: Mapping[str, Any] = field(default_factory=dict)
    """Of the architecture, without what follows from the task."""
    phantoms: PhantomSet | None = None
    """Train on phantoms alone; None trains on the radiographs of --data."""
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

    @property
    def network_parameters(self) -> dict[str, Any]:
        """As a card has them."""
        return dict(self.parameters)


Kind = TypeVar("Kind", bound=TaskRecipe)


def load_task_recipe(
    path: Path, kind: type[Kind], task: str, read: Mapping[str, Callable[[Any], Any]] | None = None,
    changes: Mapping[str, Any] | None = None,
) -> Kind:  # fmt: skip
    """Read a recipe of this kind. read: how the values of some keys are read; changes: as `changed` takes them.

    Raises ValueError of file and key.
    """
    values = read_document(path)
    try:
        values = changed(values, changes or {})
        if values.get("task") != task:
            raise ValueError(f"task is {task} in such a recipe, not {values.get('task')}")
        values["augmentation"] = to_settings(Augmentation, values.get("augmentation", {}))
        if values.get("phantoms") is not None:
            values["phantoms"] = to_settings(PhantomSet, values["phantoms"])
        for key, convert in (read or {}).items():
            if key in values:
                values[key] = convert(values[key])
        recipe: Kind = to_settings(kind, values)
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"{path}: {error}") from None
    return recipe
