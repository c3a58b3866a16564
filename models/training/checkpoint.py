"""The checkpoint of a run folder: whole or not there, and gone on with only by the recipe that made it."""

import json
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

import torch

from models.training.recipe import ADDED, Recipe


def write_checkpoint(folder: Path, recipe: Recipe, state: dict[str, Any]) -> None:
    """Replace the folder's checkpoint. state: tensors, numbers and texts alone, so that no pickle is needed."""
    part = folder / "checkpoint.part"
    torch.save({"recipe": identity(recipe), **state}, part)
    part.replace(folder / "checkpoint.pt")


def read_checkpoint(folder: Path, recipe: Recipe) -> dict[str, Any] | None:
    """What was written last, None in a fresh folder. Raises ValueError where another recipe made it."""
    path = folder / "checkpoint.pt"
    if not path.exists():
        return None
    state: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
    if state["recipe"] != identity(recipe) and _without_added(state["recipe"]) != _without_added(repr(recipe)):
        raise ValueError(f"{path}: made by another recipe; give a fresh --output")
    return state


def identity(recipe: Recipe) -> str:
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


def _without_added(text: str) -> str:
    """The first checkpoints held the recipe as Python shows it; of that, what `identity` keeps."""
    for entry in fields(Recipe):
        if entry.metadata.get(ADDED):
            text = text.replace(f", {entry.name}={entry.default!r}", "")
    return text
