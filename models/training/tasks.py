"""Which training a recipe asks for: its key `task`; a recipe without one trains a reader of bone age."""

from collections.abc import Callable, Mapping
from pathlib import Path

from models.card import Task
from models.training.bone_ages_run import train_bone_ages
from models.training.detection_run import train_detector
from models.training.diibaa_run import train_diibaa
from models.training.levels_run import train_grader
from models.training.plausibility_run import train_judge
from models.training.quality_run import train_classifier, train_restoration
from models.training.recipe import read_document
from models.training.segmentation_run import train_segmenter
from models.training.task_run import TrainingOrder

TRAININGS: Mapping[Task, Callable[[TrainingOrder], Path]] = {
    Task.BONE_AGES: train_bone_ages,
    Task.DETECTION: train_detector,
    Task.LEVELS: train_grader,
    Task.DIIBAA: train_diibaa,
    Task.PLAUSIBILITY: train_judge,
    Task.QUALITY: train_classifier,
    Task.RESTORATION: train_restoration,
    Task.SEGMENTATION: train_segmenter,
}
"""Of every task but reading."""


def task_of(path: Path) -> Task:
    """Raises ValueError that names the file where there is no such task."""
    named = read_document(path).get("task", Task.BONE_AGE)
    if named not in set(Task):
        raise ValueError(f"{path}: unknown task '{named}'; {', '.join(TRAININGS)}, or no key `task` for a reader")
    return Task(named)
