"""One training of IntervalNet: the effects around its loop. The classes are cut first, and stand in the run's recipe."""

from dataclasses import asdict, replace
from pathlib import Path

import yaml

from models.data.augment import SPARE
from models.data.labels import Split
from models.interval_net.classed import ClassedFrames, load_classed, training_months
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
    train_set, select_set = (
        load_split(recipe, order.data, split, limit=order.limit) for split in (Split.TRAIN, Split.SELECT)
    )
    if recipe.scale is None:
        months = training_months(order.data, train_set if recipe.phantoms else None)
        recipe = recipe.with_scale(fit_scale(recipe.intervals, months))
        document["scale"] = {key: list(values) for key, values in asdict(recipe.known_scale).items()}
    read_checkpoint(order.output, recipe)
    order.output.mkdir(parents=True, exist_ok=True)
    whole = order.output / "recipe.yaml"
    whole.write_text(yaml.safe_dump(document, sort_keys=False, allow_unicode=True), encoding="utf-8")

    def training_on(device: str) -> TaskTraining:
        return IntervalTrainer(recipe, train_set, select_set, order.output, device)

    return follow_task(replace(order, recipe=whole), training_on, measure="weight of the right classes")


def load_split(recipe: IntervalRecipe, data: Path | None, split: Split, *, limit: int | None = None) -> ClassedFrames:
    """Frames of a split as the recipe prepares them, those that train at the size that augmentation works at.

    Raises ValueError as `load_classed` does.
    """
    most = {Split.TRAIN: recipe.images, Split.SELECT: recipe.select_images}.get(split, FAR_MORE)
    if recipe.phantoms is not None:
        most = getattr(recipe.phantoms, split.value)
    size = min(FRAME_PX, round(recipe.input_size * SPARE)) if split is Split.TRAIN else FRAME_PX
    count = most if limit is None else min(limit, most)
    return load_classed(data, split, count, recipe.chain, drawn=recipe.phantoms is not None, size=size)
