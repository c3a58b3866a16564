"""Trainings of the two networks for poor images: the effects around their loops."""

from collections.abc import Callable, Iterator
from pathlib import Path

from models.attention.channel import DEFAULT
from models.card import Task
from models.data.labels import Split
from models.degradation.mixture import PoorImage, poor_images
from models.preprocess import FRAME_PX
from models.quality.as_read import AsRead
from models.quality.classified import ClassifiedFrames, classified
from models.quality.pairs import Pairs, pairs
from models.quality.source import good_images
from models.registry import LoadedModel, load
from models.training.quality import QualityTrainer
from models.training.quality_recipe import (
    QualityRecipe,
    RestorationRecipe,
    load_quality_recipe,
    load_restoration_recipe,
)
from models.training.restoration import RestorationTrainer
from models.training.start import load_start
from models.training.task_run import TaskTraining, TrainingOrder, follow_task

MOST_SELECTED = 400
"""Images of the select split that epochs are compared by."""
BOTH = (Split.TRAIN, Split.SELECT)


def train_classifier(order: TrainingOrder) -> Path:
    """Train a classifier of quality. Returns the weights of the best epoch."""
    recipe = load_quality_recipe(order.recipe)

    def training_on(device: str) -> TaskTraining:
        train_set, select_set = (load_classified(recipe, order.data, split, limit=order.limit) for split in BOTH)
        return QualityTrainer(recipe, train_set, select_set, order.output, device)

    return follow_task(order, _logged(training_on), measure="weight of the right classes")


def train_restoration(order: TrainingOrder) -> Path:
    """As `train_classifier`, of a network that improves images."""
    recipe = load_restoration_recipe(order.recipe)

    def training_on(device: str) -> TaskTraining:
        train_set, select_set = (load_pairs(recipe, order.data, split, limit=order.limit) for split in BOTH)
        as_read = AsRead([_reader(name, recipe.input_size, device) for name in recipe.readers])
        start = load_start(recipe.start_from) if recipe.start_from else None
        return RestorationTrainer(recipe, train_set, select_set, order.output, device, as_read, start)

    measure = "likeness of readings" if recipe.readers else "PSNR in dB"
    return follow_task(order, _logged(training_on), measure=measure)


def _reader(name: str, side: int, device: str) -> LoadedModel:
    """A reader's weights by name. Raises ValueError where improved images cannot be read with them."""
    model = load(name, device=device)
    model.card.require(Task.BONE_AGE)
    if side != FRAME_PX or model.card.channels != DEFAULT or model.card.chain is not None or model.hand_detector:
        raise ValueError(f"readers: {name}: input_size is {FRAME_PX}, and readers are of standard frames as they come")
    model.network.requires_grad_(False)
    return model


def load_classified(
    recipe: QualityRecipe, data: Path | None, split: Split, *, limit: int | None = None
) -> ClassifiedFrames:
    """Frames of a split with the damage that the recipe gives each. Raises ValueError as `good_images` does."""
    return classified(_poor(recipe, data, split, limit))


def load_pairs(recipe: RestorationRecipe, data: Path | None, split: Split, *, limit: int | None = None) -> Pairs:
    """Images of a split with the damage that the recipe gives each. Raises ValueError as `good_images` does."""
    return pairs(_poor(recipe, data, split, limit), recipe.input_size)


def _poor(
    recipe: QualityRecipe | RestorationRecipe, data: Path | None, split: Split, limit: int | None
) -> Iterator[PoorImage]:
    drawn = recipe.phantoms is not None
    count = getattr(recipe.phantoms, split.value) if drawn else recipe.images
    count = count if split is Split.TRAIN else min(count, MOST_SELECTED)
    images = good_images(data, split, count if limit is None else min(limit, count), drawn=drawn)
    return poor_images(images, recipe.mixture)


def _logged(training_on: Callable[[str], TaskTraining]) -> Callable[[str], TaskTraining]:
    """Says, before a training starts, how many of its images had which damage."""

    def said(device: str) -> TaskTraining:
        training = training_on(device)
        for name, images in (("train", training.train_set), ("select", training.select_set)):
            applied = getattr(images, "applied", {})
            print(f"{name}: " + ", ".join(f"{count} {kinds}" for kinds, count in applied.items()), flush=True)
        return training

    return said
