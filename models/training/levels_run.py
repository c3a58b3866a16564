"""Trainings of graders of thirteen bones: the effects around their loop."""

from pathlib import Path

from models.data.labels import Split
from models.levels.hands import load_graded
from models.training.levels import LevelsTrainer
from models.training.levels_recipe import load_levels_recipe
from models.training.task_run import TaskTraining, TrainingOrder, follow_task


def train_grader(order: TrainingOrder) -> Path:
    """Train on the levels of a site's set. Returns the weights of the best epoch."""
    recipe = load_levels_recipe(order.recipe)

    def training_on(device: str) -> TaskTraining:
        hands = load_graded(order.data, recipe.input_size, order.cache)
        train_set, select_set = (hands.take(split, order.limit) for split in (Split.TRAIN, Split.SELECT))
        return LevelsTrainer(recipe, train_set, select_set, order.output, device)

    return follow_task(order, training_on, measure="weight of the right levels")
