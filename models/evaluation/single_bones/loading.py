"""A reader of single bones by the name of a run, or of packaged weights."""

import hashlib
from pathlib import Path

import torch

from models.card import INTENDED_USE, Card, Task
from models.detection.anatomy import RUS_BONES
from models.evaluation.run_subject import RECIPE, WEIGHTS
from models.networks import build_network
from models.registry import LoadedModel, load, names
from models.training.bone_ages_recipe import load_bone_ages_recipe


def load_bone_reader(name: str, runs: Path) -> LoadedModel | None:
    """A run's best weights in float32, else packaged ones; None where neither is there.

    Raises ValueError for packaged weights that read no single bones.
    """
    run = runs / name
    if (run / RECIPE).is_file() and (run / WEIGHTS).is_file():
        return _of_run(run)
    if name not in names():
        return None
    model = load(name)
    model.card.require(Task.BONE_AGES)
    return model


def _of_run(run: Path) -> LoadedModel:
    recipe, blob = load_bone_ages_recipe(run / RECIPE), run / WEIGHTS
    network = build_network(recipe.architecture, recipe.network_parameters)
    network.load_state_dict(torch.load(blob, map_location="cpu", weights_only=True))
    network.eval().requires_grad_(False)
    card = Card(
        name=recipe.name, version="run", sha256=hashlib.sha256(blob.read_bytes()).hexdigest(), task=Task.BONE_AGES,
        architecture=recipe.architecture, parameters=recipe.network_parameters, input_size=recipe.input_size,
        interval=None, aspect_range=(0.6, 2.2), data="those the run trained on", terms="theirs",
        intended_use=INTENDED_USE, classes=tuple(map(str, RUS_BONES)),
    )  # fmt: skip
    return LoadedModel(network, card, card.sha256)
