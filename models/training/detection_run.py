"""One training of a detector: the effects around its loop, as `models.training.run` has them for readers."""

import json
import time
from collections.abc import Sequence
from pathlib import Path

import yaml

from models.data.labels import Split
from models.detection.marked import MarkedRadiographs, load_marked
from models.training.detection import DetectionTrainer
from models.training.detection_recipe import DetectionRecipe, load_detection_recipe
from models.training.facts import facts_of
from models.training.follow import choose_device
from models.training.recipe import read_document


def train_detector(
    recipe_path: Path,
    *,
    data: Path | None,
    output: Path,
    device: str = "auto",
    max_minutes: float | None = None,
    limit: int | None = None,
    cache: Path | None = None,
) -> Path:
    """Follow a recipe into `output`; a folder with a checkpoint of the same recipe goes on where it stopped.

    limit: use only so many radiographs of each split (for trying a recipe). Returns the weights of the best epoch.
    """
    started, recipe = time.monotonic(), load_detection_recipe(recipe_path)
    output.mkdir(parents=True, exist_ok=True)
    whole = yaml.safe_dump(read_document(recipe_path), sort_keys=False, allow_unicode=True)
    (output / "recipe.yaml").write_text(whole, encoding="utf-8")
    splits = [Split.TRAIN, Split.SELECT]
    train_set, select_set = load_marked_sets(recipe, data, splits, limit=limit, cache=cache)
    trainer = DetectionTrainer(recipe, train_set, select_set, output, choose_device(device))
    (output / "facts.json").write_text(json.dumps(facts_of(trainer), indent=2), encoding="utf-8")
    weights = trainer.run(stop_at=None if max_minutes is None else started + 60 * max_minutes)
    print(f"{weights}: select AP@0.5:0.95 {trainer.best_ap:.3f}", flush=True)
    return weights


def load_marked_sets(
    recipe: DetectionRecipe,
    data: Path | None,
    splits: Sequence[Split],
    *,
    limit: int | None = None,
    cache: Path | None = None,
) -> list[MarkedRadiographs]:
    """The recipe's marked radiographs or phantoms of each split. Raises ValueError where a split has none."""
    if recipe.phantoms is not None:
        from models.detection.phantoms import draw_marked_phantoms  # draws with OpenCV, as in models.training.run

        return [draw_marked_phantoms(split, limit or getattr(recipe.phantoms, split.value)) for split in splits]
    if data is None or not data.is_dir():
        raise ValueError("this recipe trains on marked radiographs: give their folder with --data")
    sets = load_marked(data, recipe.marks, splits, limit=limit, cache=cache)
    if recipe.folds is not None:
        folds = recipe.folds
        sets = [each.where(lambda label: label.split is not Split.TRAIN or label.fold in folds) for each in sets]
    for split, marked in zip(splits, sets, strict=True):
        if not len(marked):
            raise ValueError(f"{data}: no radiograph of the {split.value} split has marks of the {recipe.marks.value}")
    return sets
