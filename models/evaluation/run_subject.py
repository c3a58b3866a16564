"""A run folder of `dicom-node train` as a reader to measure: its best weights, before anything is packaged."""

import hashlib
import io
import json
import math
import pickle
from pathlib import Path
from typing import Any

import torch
from torch import nn

from models.card import INTENDED_USE, Card, Detector, Interval, Task
from models.diibaa.stages import STAGES
from models.networks import build_network
from models.registry import LoadedModel, with_detector
from models.training.diibaa_recipe import DiibaaRecipe, load_diibaa_recipe
from models.training.recipe import Recipe, load_recipe
from models.training.tasks import task_of

RECIPE, WEIGHTS, FACTS = "recipe.yaml", "best.pt", "facts.json"
VERSION = "run"
"""Stands where packaged weights have their version."""
NO_INTERVAL = Interval(0.95, "none: a run has no interval before it is packaged", (), (math.inf,))


def is_run(name: str) -> bool:
    """Whether this is the folder of a run, and no name of weights."""
    return (Path(name) / RECIPE).is_file()


def load_run(folder: Path, *, directory: Path | None = None, device: str = "cpu") -> LoadedModel:
    """The run's best weights in float32, ready to read, with the detector it was trained with.

    directory: where that detector lies; None is the project's own folder. The hash is that of best.pt. Raises
    ValueError that says what to do where the run has no weights yet, they are damaged, or read no bone age.
    """
    recipe, path = _reader_recipe(folder), folder / WEIGHTS
    if not path.is_file():
        raise ValueError(f"{path}: not there; a run has it once it has measured an epoch at its final size")
    blob = path.read_bytes()
    network = build_network(recipe.architecture, recipe.network_parameters)
    fill_network(network, blob, path)
    network.eval().requires_grad_(False)
    card = _card(recipe, hashlib.sha256(blob).hexdigest(), read_facts(folder))
    model = LoadedModel(network.to(device).to(memory_format=torch.channels_last), card, card.sha256)
    return with_detector(model, directory=directory, device=device)


def _reader_recipe(folder: Path) -> Recipe | DiibaaRecipe:
    """Raises ValueError for a run of something else than a reader."""
    task = task_of(folder / RECIPE)
    if task is Task.DIIBAA:
        return load_diibaa_recipe(folder / RECIPE)
    if task is not Task.BONE_AGE:
        raise ValueError(f"{folder}: a run for {task}, which reads no bone age; give the run of a reader")
    return load_recipe(folder / RECIPE)


def read_facts(folder: Path) -> dict[str, Any]:
    """What the training wrote down of itself. Raises ValueError where that is missing or damaged."""
    path = folder / FACTS
    try:
        facts: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ValueError(f"{path}: cannot be read ({type(error).__name__}); train again into a fresh folder") from None
    return facts


def fill_network(network: nn.Module, blob: bytes, path: Path) -> None:
    """Give a fresh network the weights of a run. Raises ValueError where they are damaged, or of another recipe."""
    try:
        network.load_state_dict(torch.load(io.BytesIO(blob), map_location="cpu", weights_only=True))
    except (RuntimeError, EOFError, KeyError, TypeError, pickle.UnpicklingError):
        raise ValueError(f"{path}: damaged, or of another recipe than {RECIPE} beside it; train again") from None


def _card(recipe: Recipe | DiibaaRecipe, sha256: str, facts: dict[str, Any]) -> Card:
    detector = facts.get("hand_detector")
    return Card(
        name=recipe.name, version=VERSION, sha256=sha256, **_seen_by(recipe),
        architecture=recipe.architecture, parameters=recipe.network_parameters, input_size=recipe.input_size,
        hand_detector=Detector(**detector) if detector else None, interval=NO_INTERVAL,
        aspect_range=(0.6, 2.2), data="those the run trained on", terms="theirs", intended_use=INTENDED_USE,
        training=facts,
    )  # fmt: skip


def _seen_by(recipe: Recipe | DiibaaRecipe) -> dict[str, Any]:
    """What the network is given of an image, and what it tells apart."""
    if isinstance(recipe, DiibaaRecipe):
        return {"classes": tuple(map(str, STAGES))}
    return {"channels": recipe.channels}
