"""The checkpoint of a run folder: whole or not there, and gone on with only by the recipe that made it."""

import json
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from models.training.recipe import ADDED

if TYPE_CHECKING:
    from _typeshed import DataclassInstance  # any recipe's kind


def write_checkpoint(folder: Path, recipe: "DataclassInstance", state: dict[str, Any]) -> None:
    """Replace the folder's checkpoint. state: tensors, numbers and texts alone, so that no pickle is needed."""
    part = folder / "checkpoint.part"
    torch.save({"recipe": identity(recipe), **state}, part)
    part.replace(folder / "checkpoint.pt")


def read_checkpoint(folder: Path, recipe: "DataclassInstance") -> dict[str, Any] | None:
    """What was written last, None in a fresh folder. Raises ValueError where another recipe made it."""
    path = folder / "checkpoint.pt"
    if not path.exists():
        return None
    state: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
    if state["recipe"] != identity(recipe) and not _same_of_before(state["recipe"], recipe):
        raise ValueError(f"{path}: made by another recipe; give a fresh --output")
    return state


def identity(recipe: "DataclassInstance") -> str:
    """The recipe as JSON with sorted keys, without the keys that were added since and are at their default.

    So a key that is added to recipes orphans no checkpoint.
    """
    return json.dumps(_values(recipe), sort_keys=True, separators=(",", ":"))


def _values(value: Any) -> Any:
    if is_dataclass(value):
        kept = (entry for entry in fields(value) if not _added_at_default(value, entry))
        return {entry.name: _values(getattr(value, entry.name)) for entry in kept}
    if isinstance(value, (list, tuple)):
        return [_values(each) for each in value]
    return dict(value) if isinstance(value, dict) else value


def _added_at_default(value: Any, entry: Any) -> bool:
    return bool(entry.metadata.get(ADDED)) and getattr(value, entry.name) == entry.default


def _same_of_before(text: str, recipe: "DataclassInstance") -> bool:
    """The first checkpoints held the recipe as Python shows it; of that, what `identity` keeps is compared."""
    shown = repr(recipe)
    for entry in fields(recipe):
        if entry.metadata.get(ADDED):
            at_default = f", {entry.name}={entry.default!r}"
            text, shown = text.replace(at_default, ""), shown.replace(at_default, "")
    return text == shown
