"""A recipe followed into a run folder: recipe, facts, log, checkpoint, weights of the best epoch, figures, curves.

Needs torch, torchvision, numpy, Pillow, safetensors, MONAI and ignite alone: where images are prepared elsewhere, a
training machine needs no more (`models.training.__main__`).
"""

import json
import platform
import subprocess
import time
from dataclasses import asdict, replace
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import torch

from models.card import Detector
from models.data.frames import Radiographs
from models.detection.hand import hand_boxes
from models.registry import LoadedModel, load
from models.training.checkpoint import read_checkpoint
from models.training.engine import Trainer
from models.training.recipe import Recipe
from models.training.start import Start, load_start

PACKAGES = ("torch", "torchvision", "monai", "pytorch-ignite", "numpy")


def follow(
    recipe: Recipe,
    text: str,
    train_set: Radiographs,
    select_set: Radiographs,
    output: Path,
    *,
    device: str = "cpu",
    max_minutes: float | None = None,
    tensorboard: bool = False,
    cache: Path | None = None,
    weights_directory: Path | None = None,
) -> Path:
    """Train on these sets into `output`; a folder with a checkpoint of the same recipe goes on where it stopped.

    text: the recipe's, for the folder. Returns the weights of the best epoch. Raises ValueError for a folder of
    another recipe, and leaves it as it is.
    """
    started = time.monotonic()
    if not len(select_set):
        raise ValueError("no radiographs to choose the best epoch by; the select split is the even ids of fold 8")
    read_checkpoint(output, recipe)
    detector = load(recipe.hand_boxes, directory=weights_directory, device=device) if recipe.hand_boxes else None
    start = load_start(recipe.start_from, weights_directory) if recipe.start_from else None
    output.mkdir(parents=True, exist_ok=True)
    (output / "recipe.yaml").write_text(text, encoding="utf-8")
    train_set, select_set = _boxed(train_set, detector, cache), _boxed(select_set, detector, cache)
    trainer = Trainer(recipe, train_set, select_set, output, device, start, tensorboard=tensorboard)
    facts = json.dumps(_facts(trainer, detector, start), indent=2)
    (output / "facts.json").write_text(facts + "\n", encoding="utf-8")
    weights = trainer.run(stop_at=None if max_minutes is None else started + 60 * max_minutes)
    reached = f"select MAE {trainer.best_mae:.2f} months" if weights.exists() else "none before the final size"
    print(f"{weights}: {reached}", flush=True)
    return weights


def choose_device(device: str) -> str:
    """ "auto" becomes cuda where there is one."""
    if device != "auto":
        return device
    return "cuda" if torch.cuda.is_available() else "cpu"


def _boxed(radiographs: Radiographs, detector: LoadedModel | None, cache: Path | None) -> Radiographs:
    if detector is None:
        return radiographs
    return replace(radiographs, boxes=hand_boxes(radiographs, detector, cache))


def _facts(trainer: Trainer, detector: LoadedModel | None, start: Start | None) -> dict[str, Any]:
    cuda = trainer.device.startswith("cuda")
    return {
        "recipe": asdict(trainer.recipe),
        "hand_detector": asdict(Detector(detector.card.name, detector.sha256)) if detector else None,
        "start": start.origin if start else None,
        "device": torch.cuda.get_device_name() if cuda else f"CPU, {torch.get_num_threads()} threads",
        "versions": {name: _version(name) for name in PACKAGES} | {"python": platform.python_version()},
        "commit": commit(),
        "train_images": len(trainer.train_set),
        "select_images": len(trainer.select_set),
        "network_parameters": sum(p.numel() for p in trainer.network.parameters()),
    }


def _version(name: str) -> str:
    """ "unknown" of a package that lies on the path without what an installer writes beside it."""
    try:
        return version(name)
    except PackageNotFoundError:
        return "unknown"


def commit() -> str:
    """The source tree's commit, with "+" where it was changed since; "unknown" outside a checkout."""
    here = Path(__file__).parent
    try:
        head = subprocess.run(["git", "rev-parse", "HEAD"], cwd=here, capture_output=True, text=True, check=True)
        changed = subprocess.run(
            ["git", "status", "--porcelain", "models", "config"],
            cwd=here.parents[1],
            capture_output=True,
            text=True,
            check=True,
        )
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return head.stdout.strip() + ("+" if changed.stdout.strip() else "")
