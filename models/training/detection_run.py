"""One training of a detector: the effects around its loop, as `models.training.run` has them for readers."""

from collections.abc import Sequence
from pathlib import Path

from models.data.labels import Split
from models.detection.marked import MarkedRadiographs, load_marked
from models.training.detection import DetectionTrainer
from models.training.detection_recipe import DetectionRecipe, load_detection_recipe
from models.training.task_run import TrainingOrder, follow_task


def train_detector(order: TrainingOrder) -> Path:
    """Train a detector. Returns the weights of the best epoch."""
    recipe = load_detection_recipe(order.recipe)

    def training_on(device: str) -> DetectionTrainer:
        sets = load_marked_sets(recipe, order.data, [Split.TRAIN, Split.SELECT], limit=order.limit, cache=order.cache)
        return DetectionTrainer(recipe, sets[0], sets[1], order.output, device)

    return follow_task(order, training_on, measure="AP@0.5:0.95")


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
