"""The weights that a training begins with: fresh ones, those of a packaged model, or those of another run.

RegressionCNN III.E: what was learnt on one site's radiographs helps on another's, the more so the fewer there are.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from models import registry
from models.attention.channel import Channels
from models.training.recipe import Recipe, load_recipe

State = Mapping[str, torch.Tensor]


@dataclass(frozen=True)
class Start:
    """Weights of another training; sha256: of their file, in hex."""

    name: str
    sha256: str
    architecture: str
    channels: Channels
    state: State

    @property
    def origin(self) -> dict[str, Any]:
        """What a run's facts say of it."""
        return {"name": self.name, "sha256": self.sha256}


def load_start(reference: str, directory: Path | None = None) -> Start:
    """Weights by the folder of a run, or by name in a folder of weights. Raises ValueError where there are none."""
    run = Path(reference)
    if not run.is_dir():
        model = registry.load(reference, directory=directory)
        card = model.card
        return Start(card.name, model.sha256, card.architecture, card.channels, model.network.state_dict())
    weights = run / "best.pt"
    if not weights.is_file():
        raise ValueError(f"{weights}: not there; a run has it once it has measured an epoch at its final size")
    recipe = load_recipe(run / "recipe.yaml")
    state = torch.load(weights, map_location="cpu", weights_only=True)
    sha256 = hashlib.sha256(weights.read_bytes()).hexdigest()
    return Start(recipe.name, sha256, recipe.architecture, recipe.channels, state)


def require_fit(start: Start, recipe: Recipe, fresh: State) -> None:
    """Raises ValueError that names the first thing in which the weights do not fit a recipe's fresh network."""
    wrong = f"{start.name}: its weights cannot begin a training of {recipe.name}: "
    if start.architecture != recipe.architecture:
        raise ValueError(f"{wrong}they are of architecture {start.architecture}, the recipe's is {recipe.architecture}")
    if start.channels != recipe.channels:
        given, wanted = (", ".join(channels) for channels in (start.channels, recipe.channels))
        raise ValueError(f"{wrong}their channels are {given}, the recipe's are {wanted}")
    require_same_shape(start, recipe.name, fresh)


def require_same_shape(start: Start, recipe: str, fresh: State) -> None:
    """Raises ValueError that names the first of a network's tensors that the weights lack or have in another shape."""
    for key in sorted(fresh.keys() | start.state.keys()):
        given, wanted = (str(tuple(s[key].shape)) if key in s else "not there" for s in (start.state, fresh))
        if given != wanted:
            raise ValueError(
                f"{start.name}: its weights cannot begin a training of {recipe}: {key} is {given}, the recipe's is "
                f"{wanted}; give it the same parameters"
            )
