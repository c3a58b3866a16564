"""One training of a judge: the effects around its loop, as `models.training.run` has them for readers."""

from pathlib import Path

import numpy as np

from models.data.labels import Split
from models.data.radiographs import load_radiographs
from models.plausibility.judged import JudgedFrames, as_hands, made, reframed
from models.plausibility.kinds import SEEN
from models.plausibility.sources import DETECTOR, phantom_hands, radiograph_hands, spread
from models.registry import load
from models.training.plausibility import PlausibilityTrainer
from models.training.plausibility_recipe import PlausibilityRecipe, load_plausibility_recipe
from models.training.task_run import TrainingOrder, follow_task

SELECT_SHARE = 0.12
"""Of what is made to train on, so much is made of other hands to select by."""
_SEEDS = {Split.TRAIN: 1, Split.SELECT: 2}


def train_judge(order: TrainingOrder) -> Path:
    """Train a judge; its limit is of each number of the recipe. Returns the weights of the best epoch."""
    recipe = load_plausibility_recipe(order.recipe)

    def training_on(device: str) -> PlausibilityTrainer:
        sets = [
            load_judged(recipe, order.data, split, limit=order.limit, cache=order.cache)
            for split in (Split.TRAIN, Split.SELECT)
        ]
        return PlausibilityTrainer(recipe, sets[0], sets[1], order.output, device)

    measure = "weight of the right verdicts"
    return follow_task(order, training_on, measure=measure)


def load_judged(
    recipe: PlausibilityRecipe, data: Path | None, split: Split, *, limit: int | None = None, cache: Path | None = None
) -> JudgedFrames:
    """Hands of the train or the select split, as they are and reframed, and pictures of each seen kind.

    Raises ValueError where radiographs are asked for and there is no data folder.
    """
    share = 1.0 if split is Split.TRAIN else SELECT_SHARE

    def count(of_recipe: int) -> int:
        scaled = max(1, round(share * of_recipe))
        return scaled if limit is None else min(limit, scaled)

    seed = 2 * recipe.seed + _SEEDS[split]
    if recipe.phantoms is not None:
        hands = phantom_hands(split, count(recipe.phantoms.train))
        return reframed(hands, len(hands), seed) + made(SEEN, count(recipe.made_each), hands, seed)
    if data is None or not data.is_dir():
        raise ValueError("this recipe trains on radiographs with pixels as they came: give their folder with --data")
    everything = load_radiographs(data, cache)
    chosen = {label.id for label in spread(everything.labels, split, count(recipe.hands))}
    plain = np.asarray(everything.frames[[n for n, label in enumerate(everything.labels) if label.id in chosen]])
    hands = radiograph_hands(data, spread(everything.labels, split, count(recipe.sources)), load(DETECTOR))
    hands += phantom_hands(split, count(recipe.drawn))
    return as_hands(plain) + reframed(hands, count(recipe.reframed), seed) + made(
        SEEN, count(recipe.made_each), hands, seed
    )  # fmt: skip
