"""Readers and networks by the names of runs, or of packaged weights; what is not there is said, and no error."""

import hashlib
from pathlib import Path

import torch

from models.card import INTENDED_USE, Card, Task
from models.evaluation.poor.arrangements import Improvers
from models.evaluation.poor.specification import Networks
from models.evaluation.run_subject import RECIPE, WEIGHTS, load_run
from models.networks import build_network
from models.quality.classes import CLASSES
from models.registry import LoadedModel, load, names
from models.training.quality_recipe import load_quality_recipe, load_restoration_recipe


def is_there(name: str, runs: Path) -> bool:
    """Whether a run below `runs` has weights, or packaged weights have this name."""
    return _is_trained(runs / name) or name in names()


def load_reader(name: str, runs: Path) -> LoadedModel:
    """A run's best weights, else packaged ones, ready to read."""
    return load_run(runs / name) if _is_trained(runs / name) else load(name)


def load_improvers(networks: Networks, runs: Path) -> Improvers | None:
    """None where there is no classifier."""
    if not is_there(networks.classifier, runs):
        return None
    of_kind = {
        kind: _network(run, runs, Task.RESTORATION) for kind, run in networks.of_kind.items() if is_there(run, runs)
    }
    direct = _network(networks.direct, runs, Task.RESTORATION) if is_there(networks.direct, runs) else None
    return Improvers(_network(networks.classifier, runs, Task.QUALITY), direct, of_kind)


def _is_trained(run: Path) -> bool:
    return (run / RECIPE).is_file() and (run / WEIGHTS).is_file()


def _network(name: str, runs: Path, task: Task) -> LoadedModel:
    """A run's best weights, else packaged ones, in float32 and ready to work."""
    run = runs / name
    if not _is_trained(run):
        model = load(name)
        model.card.require(task)
        return model
    recipe = (load_quality_recipe if task is Task.QUALITY else load_restoration_recipe)(run / RECIPE)
    blob = run / WEIGHTS
    network = build_network(recipe.architecture, recipe.network_parameters)
    network.load_state_dict(torch.load(blob, map_location="cpu", weights_only=True))
    network.eval().requires_grad_(False)
    card = Card(
        name=recipe.name, version="run", sha256=hashlib.sha256(blob.read_bytes()).hexdigest(), task=task,
        architecture=recipe.architecture, parameters=recipe.network_parameters, input_size=recipe.input_size,
        interval=None, aspect_range=(0.6, 2.2), data="those the run trained on", terms="theirs",
        intended_use=INTENDED_USE, classes=CLASSES if task is Task.QUALITY else (),
    )  # fmt: skip
    return LoadedModel(network, card, card.sha256)
