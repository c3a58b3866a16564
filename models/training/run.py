"""One training: the effects around the engine. A run folder holds the recipe, the log, checkpoints and weights."""

import json
import platform
import subprocess
import time
from collections.abc import Mapping
from dataclasses import asdict, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch
import yaml

from models.card import Detector
from models.data.labels import Split
from models.data.radiographs import Radiographs, load_radiographs
from models.detection.hand import hand_boxes
from models.registry import LoadedModel, load
from models.training.engine import Trainer
from models.training.recipe import Recipe, load_recipe, read_document
from models.training.start import Start, load_start
from models.training.subset import training_indices


def train(
    recipe_path: Path,
    *,
    data: Path | None,
    output: Path,
    device: str = "auto",
    max_minutes: float | None = None,
    limit: int | None = None,
    tensorboard: bool = False,
    cache: Path | None = None,
    weights_directory: Path | None = None,
    changes: Mapping[str, Any] | None = None,
) -> Path:
    """Follow a recipe into `output`; a folder with a checkpoint of the same recipe goes on where it stopped.

    limit: use only so many radiographs of each split (for trying a recipe). tensorboard: write scalars for it.
    weights_directory: where the weights lie that the recipe names. changes: keys of the recipe that are other than in
    its file. Returns the weights of the best epoch.
    """
    recipe = load_recipe(recipe_path, changes)
    output.mkdir(parents=True, exist_ok=True)
    whole = yaml.safe_dump(read_document(recipe_path, changes), sort_keys=False, allow_unicode=True)
    (output / "recipe.yaml").write_text(whole, encoding="utf-8")
    started, device = time.monotonic(), choose_device(device)
    detector = load(recipe.hand_boxes, directory=weights_directory, device=device) if recipe.hand_boxes else None
    sets = load_sets(recipe, data, [Split.TRAIN, Split.SELECT], limit=limit, cache=cache)
    train_set, select_set = (_boxed(each, detector, cache) for each in sets)
    start = load_start(recipe.start_from, weights_directory) if recipe.start_from else None
    trainer = Trainer(recipe, train_set, select_set, output, device, start, tensorboard=tensorboard)
    _write_facts(output, recipe, trainer, detector, start)
    stop_at = None if max_minutes is None else started + 60 * max_minutes
    weights = trainer.run(stop_at=stop_at)
    reached = f"select MAE {trainer.best_mae:.2f} months" if weights.exists() else "none before the final size"
    print(f"{weights}: {reached}", flush=True)
    return weights


def load_sets(
    recipe: Recipe,
    data: Path | None,
    splits: list[Split],
    *,
    limit: int | None = None,
    cache: Path | None = None,
) -> list[Radiographs]:
    """The recipe's radiographs or phantoms of each split."""
    if recipe.phantoms is not None:
        from models.data.phantoms import draw_phantoms  # draws with OpenCV, which a training machine may lack

        drawn = [draw_phantoms(split, limit or getattr(recipe.phantoms, split.value)) for split in splits]
        return [_part(each, split, recipe, None) for each, split in zip(drawn, splits, strict=True)]
    if data is None:
        raise ValueError("this recipe trains on radiographs: give their folder with --data")
    everything = load_radiographs(data, cache)
    return [_part(everything, split, recipe, limit) for split in splits]


def _part(radiographs: Radiographs, split: Split, recipe: Recipe, limit: int | None) -> Radiographs:
    if split is Split.TRAIN:
        return radiographs.at(training_indices(radiographs.labels, recipe)[:limit])
    return radiographs.take([split], limit=limit)


def _boxed(radiographs: Radiographs, detector: LoadedModel | None, cache: Path | None) -> Radiographs:
    if detector is None:
        return radiographs
    return replace(radiographs, boxes=hand_boxes(radiographs, detector, cache))


def choose_device(device: str) -> str:
    """ "auto" becomes cuda where there is one."""
    if device != "auto":
        return device
    return "cuda" if torch.cuda.is_available() else "cpu"


def _write_facts(
    output: Path, recipe: Recipe, trainer: Trainer, detector: LoadedModel | None, start: Start | None
) -> None:
    facts = {
        "recipe": asdict(recipe),
        "hand_detector": asdict(Detector(detector.card.name, detector.sha256)) if detector else None,
        "start": start.origin if start else None,
        "device": torch.cuda.get_device_name()
        if trainer.device == "cuda"
        else f"CPU, {torch.get_num_threads()} threads",
        "versions": {name: version(name) for name in ("torch", "monai", "numpy")}
        | {"python": platform.python_version()},
        "commit": commit(),
        "train_images": len(trainer.train_set),
        "select_images": len(trainer.select_set),
        "network_parameters": sum(p.numel() for p in trainer.network.parameters()),
    }
    (output / "facts.json").write_text(json.dumps(facts, indent=2), encoding="utf-8")


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
