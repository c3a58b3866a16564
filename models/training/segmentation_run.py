"""One training of a segmenter: the effects around its loop, as `models.training.run` has them for readers."""

from collections.abc import Sequence
from pathlib import Path

from models.data.labels import Split
from models.segmentation.masked import MaskedFrames, draw_masked_phantoms, load_pseudo_masked, paste_all
from models.segmentation.true_masks import load_true_hands
from models.training.segmentation import SegmentationTrainer
from models.training.segmentation_recipe import SegmentationRecipe, load_segmentation_recipe
from models.training.task_run import TrainingOrder, follow_task


def train_segmenter(order: TrainingOrder) -> Path:
    """Train a segmenter. Returns the weights of the best epoch."""
    recipe = load_segmentation_recipe(order.recipe)

    def training_on(device: str) -> SegmentationTrainer:
        return SegmentationTrainer(
            recipe, *load_masked_sets(recipe, order.data, limit=order.limit, cache=order.cache), order.output, device
        )

    return follow_task(order, training_on, measure="Dice")


def load_masked_sets(
    recipe: SegmentationRecipe, data: Path | None, *, limit: int | None = None, cache: Path | None = None
) -> tuple[MaskedFrames, MaskedFrames]:
    """What the recipe trains on, radiographs with a pseudo-mask and pasted hands, and pseudo-masks to select by."""
    if recipe.phantoms is not None:
        counts = (limit or recipe.phantoms.train, limit or recipe.phantoms.select)
        return draw_masked_phantoms(Split.TRAIN, counts[0]), draw_masked_phantoms(Split.SELECT, counts[1])
    train_set, select_set = load_masked(data, [Split.TRAIN, Split.SELECT], limit=limit, cache=cache)
    assert data is not None  # held by load_masked
    hands, _ = load_true_hands(data)
    count = recipe.pasted if limit is None else min(limit, recipe.pasted)
    return train_set + paste_all(hands, count, recipe.seed), select_set


def load_masked(
    data: Path | None, splits: Sequence[Split], *, limit: int | None = None, cache: Path | None = None
) -> list[MaskedFrames]:
    """Radiographs with a pseudo-mask of each split. Raises ValueError where a split has none."""
    if data is None or not data.is_dir():
        raise ValueError("this recipe trains on radiographs with key points: give their folder with --data")
    sets = load_pseudo_masked(data, splits, limit=limit, cache=cache)
    for split, masked in zip(splits, sets, strict=True):
        if not len(masked):
            raise ValueError(f"{data}: no radiograph of the {split.value} split has key points and a good mask")
    return sets
