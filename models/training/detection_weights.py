"""The detector that a run trained, ready to find."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import nn

from models.networks import build_network
from models.training.detection_recipe import DetectionRecipe, load_detection_recipe

RECIPE, WEIGHTS = "recipe.yaml", "best.pt"


@dataclass(frozen=True)
class TrainedDetector:
    """network: in eval mode, in float32, on the CPU. sha256: of the file of its weights."""

    recipe: DetectionRecipe
    network: nn.Module
    sha256: str


def trained_detector(run: Path) -> TrainedDetector:
    """The best weights of a run. Raises ValueError that says what to do where it has none yet."""
    path = run / WEIGHTS
    if not path.is_file():
        raise ValueError(f"{path}: not there; a run has it once it has measured an epoch")
    recipe = load_detection_recipe(run / RECIPE)
    network = build_network(recipe.architecture, recipe.network_parameters)
    network.load_state_dict(torch.load(path, map_location="cpu", weights_only=True))
    sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
    return TrainedDetector(recipe, network.eval().requires_grad_(False), sha256)
