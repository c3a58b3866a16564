"""A training on a full installation: a recipe's YAML and the images it names, decoded, and then the recipe followed."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from models.data.frames import Radiographs
from models.data.labels import Split
from models.data.phantoms import draw_phantoms
from models.data.radiographs import load_radiographs
from models.degradation.mixture import Mixture
from models.degradation.poor import made_poor
from models.training.follow import choose_device, follow
from models.training.recipe import Recipe, load_recipe, read_document
from models.training.subset import chosen


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
    text = yaml.safe_dump(read_document(recipe_path, changes), sort_keys=False, allow_unicode=True)
    train_set, select_set = load_sets(recipe, data, [Split.TRAIN, Split.SELECT], limit=limit, cache=cache)
    return follow(
        recipe, text, train_set, select_set, output, device=choose_device(device), max_minutes=max_minutes,
        tensorboard=tensorboard, cache=cache, weights_directory=weights_directory,
    )  # fmt: skip


def load_sets(
    recipe: Recipe,
    data: Path | None,
    splits: list[Split],
    *,
    limit: int | None = None,
    cache: Path | None = None,
) -> list[Radiographs]:
    """The recipe's radiographs or phantoms of each split, made poor where it says so."""
    sets = _sets(recipe, data, splits, limit, cache)
    if recipe.damages is None:
        return sets
    mixture = Mixture(recipe.damages, seed=recipe.seed)
    return [made_poor(each, mixture, None if recipe.phantoms else data) for each in sets]


def _sets(
    recipe: Recipe, data: Path | None, splits: list[Split], limit: int | None, cache: Path | None
) -> list[Radiographs]:
    if recipe.phantoms is not None:
        drawn = [draw_phantoms(split, limit or getattr(recipe.phantoms, split.value)) for split in splits]
        return [chosen(each, split, recipe) for each, split in zip(drawn, splits, strict=True)]
    if data is None:
        raise ValueError("this recipe trains on radiographs: give their folder with --data")
    everything = load_radiographs(data, cache)
    return [chosen(everything, split, recipe, limit) for split in splits]
