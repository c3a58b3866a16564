"""One training of a reader of single bones: the effects around its loop."""

from collections.abc import Sequence
from pathlib import Path

from models.bones.places import BoneSet, find_places
from models.data.labels import Split
from models.data.phantoms import draw_phantoms
from models.data.radiographs import load_radiographs
from models.registry import load
from models.training.bone_ages import BoneAgesTrainer
from models.training.bone_ages_recipe import BoneAgesRecipe, load_bone_ages_recipe
from models.training.task_run import TrainingOrder, follow_task


def train_bone_ages(order: TrainingOrder) -> Path:
    """Train a reader of single bones. Returns the weights of the best epoch."""
    recipe = load_bone_ages_recipe(order.recipe)

    def training_on(device: str) -> BoneAgesTrainer:
        splits = (Split.TRAIN, Split.SELECT)
        sets = load_bone_sets(recipe, order.data, splits, limit=order.limit, cache=order.cache)
        return BoneAgesTrainer(recipe, sets[0], sets[1], order.output, device)

    return follow_task(order, training_on, measure="1 / (1 + MAE in months)")


def load_bone_sets(
    recipe: BoneAgesRecipe, data: Path | None, splits: Sequence[Split], *, limit: int | None = None,
    cache: Path | None = None,
) -> list[BoneSet]:  # fmt: skip
    """Of each split its radiographs or phantoms, with the places of their bones, which are found once.

    Raises ValueError where radiographs are asked for and there are none.
    """
    detector = load(recipe.bones)
    sets = []
    for split in splits:
        if recipe.phantoms is not None:
            chosen = draw_phantoms(split, limit or getattr(recipe.phantoms, split.value))
        elif data is not None:
            chosen = load_radiographs(data, cache).take([split], limit=limit)
        else:
            raise ValueError("this recipe trains on radiographs: give their folder, or a site's YAML file, with --data")
        if not len(chosen):
            raise ValueError(f"{data}: no radiographs in the {split.value} split")
        sets.append(BoneSet(chosen, find_places(chosen, detector, cache)))
    return sets
