"""One training of IntervalNet: the effects around its loop. Classes are cut first, and stand in the run's recipe."""

from dataclasses import asdict, replace
from pathlib import Path

import yaml

from models.data.augment import SPARE
from models.data.labels import Split
from models.data.radiographs import labels_of
from models.interval_net.classed import ClassedFrames, draw_classed, load_classed
from models.interval_net.scale import fit_scale
from models.preprocess import FRAME_PX
from models.training.changes import changed
from models.training.checkpoint import read_checkpoint
from models.training.interval_net import IntervalTrainer
from models.training.interval_net_recipe import IntervalRecipe, load_interval_recipe
from models.training.recipe import read_document
from models.training.task_run import TaskTraining, TrainingOrder, follow_task

FAR_MORE = 1_000_000
"""Images: all of a split that only measures."""


def train_intervals(order: TrainingOrder) -> Path:
    """Train a classifier of ages. Returns the weights of the best epoch.

    A folder of another recipe is refused and left as it is.
    """
    recipe = load_interval_recipe(order.recipe, order.changes)
    document = changed(read_document(order.recipe), order.changes)
    if recipe.scale is None:
        recipe = recipe.with_scale(fit_scale(recipe.intervals, training_months(recipe, order.data, order.limit)))
        document["scale"] = {key: list(values) for key, values in asdict(recipe.known_scale).items()}
    read_checkpoint(order.output, recipe)
    train_set, select_set = (
        load_split(recipe, order.data, split, limit=order.limit, cache=order.cache)
        for split in (Split.TRAIN, Split.SELECT)
    )
    order.output.mkdir(parents=True, exist_ok=True)
    whole = order.output / "recipe.yaml"
    whole.write_text(yaml.safe_dump(document, sort_keys=False, allow_unicode=True), encoding="utf-8")

    def training_on(device: str) -> TaskTraining:
        return IntervalTrainer(recipe, train_set, select_set, order.output, device)

    return follow_task(replace(order, recipe=whole), training_on, measure="weight of the right classes")


def load_split(
    recipe: IntervalRecipe, data: Path | None, split: Split, *, limit: int | None = None, cache: Path | None = None
) -> ClassedFrames:
    """Frames of a split as the recipe prepares them, those that train at the size that augmentation works at.

    Raises ValueError where radiographs are asked for and there is no data folder, or none of the split in it.
    """
    size = min(FRAME_PX, round(recipe.input_size * SPARE)) if split is Split.TRAIN else FRAME_PX
    if recipe.phantoms is not None:
        count = getattr(recipe.phantoms, split.value)
        return draw_classed(split, count if limit is None else min(limit, count), recipe.chain, size)
    most = {Split.TRAIN: recipe.images, Split.SELECT: recipe.select_images}.get(split, FAR_MORE)
    count = most if limit is None else min(limit, most)
    return load_classed(_folder(data), split, count, recipe.chain, size, cache)


def training_months(recipe: IntervalRecipe, data: Path | None, limit: int | None = None) -> list[float]:
    """The ages that are cut into classes: all of folds 0 to 7, whichever of them train; or those of the phantoms."""
    if recipe.phantoms is not None:
        return load_split(recipe, data, Split.TRAIN, limit=limit).months.tolist()
    return [label.bone_age_months for label in labels_of(_folder(data)) if label.split is Split.TRAIN]


def _folder(data: Path | None) -> Path:
    if data is None or not data.is_dir():
        raise ValueError("this recipe trains on radiographs with pixels as they came: give their folder with --data")
    return data
