"""Joints found by detectors that never saw the hand, below and from the age at which bones have boxes.

python -m models.evaluation.joints RUN RUN --data DIR: each run trained on some of folds 0 to 7; a hand of these folds
is measured by the first run that did not train on its fold, and left out where all did. Children below 64 months have
boxes of joints alone.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from models.data.labels import TRAINING_FOLDS
from models.detection.boxes import Boxes
from models.detection.finding import find
from models.detection.marked import MarkedRadiographs, Marks, load_all_marked
from models.detection.measures import FOUND_IOU, best_threshold, overlaps_of, sure
from models.evaluation.detection import average_precision, detection_markdown
from models.evaluation.detection_run import load_detector
from models.evaluation.metrics import Mask
from models.evaluation.run_subject import RECIPE
from models.training.detection_recipe import load_detection_recipe

FIRST_BONES_MONTHS = 64
"""The youngest hand with boxes of bones."""


def joints_markdown(marked: MarkedRadiographs, found: Sequence[Boxes], classes: Sequence[str]) -> str:
    """A table of those below FIRST_BONES_MONTHS and one of the others; found: one a radiograph, in the same order.

    Boxes are sure from the score that is best on these radiographs themselves, younger and older ones together.
    """
    truth = marked.truth()
    threshold = best_threshold(found, truth)
    certain = [sure(each, threshold) for each in found]
    young = np.array([label.bone_age_months < FIRST_BONES_MONTHS for label in marked.radiographs.labels], bool)
    folds = sorted({label.fold for label in marked.radiographs.labels})
    parts = [f"Folds {', '.join(map(str, folds))}. Sure from a score of {threshold:.2f}."]
    for title, members in ((f"below {FIRST_BONES_MONTHS} months", young), ("older", ~young)):
        parts += _group(title, members, certain, found, truth, classes)
    return "\n\n".join(parts)


def _group(
    title: str, members: Mask, certain: Sequence[Boxes], found: Sequence[Boxes], truth: Sequence[Boxes],
    classes: Sequence[str],
) -> list[str]:  # fmt: skip
    chosen = np.flatnonzero(members).tolist()
    if not chosen:
        return [f"## {title}", "No hands."]
    rows = average_precision([found[n] for n in chosen], [truth[n] for n in chosen], classes)
    whole = sum(bool((overlaps_of(certain[n], truth[n]) >= FOUND_IOU).all()) for n in chosen)
    text = f"{len(chosen)} hands; every marked joint is found in {whole} of them."
    return [f"## Joints, {title}", text, detection_markdown(rows)]


def out_of_fold(runs: Sequence[Path], data: Path, cache: Path | None = None) -> tuple[MarkedRadiographs, list[Boxes]]:
    """The marked radiographs of folds 0 to 7 that a run was not trained on, each with what the first such run found.

    Raises ValueError where every run was trained on every fold.
    """
    everything = load_all_marked(data, Marks.JOINTS, cache).of_folds(TRAINING_FOLDS)
    found: dict[int, Boxes] = {}
    left = set(TRAINING_FOLDS)
    for run in runs:
        fresh = left - set(load_detection_recipe(run / RECIPE).folds or TRAINING_FOLDS)
        model, mine = load_detector(str(run)).model, everything.of_folds(fresh)
        boxes = find(model.network, mine.radiographs.frames, model.card.input_size)
        found |= dict(zip((label.id for label in mine.radiographs.labels), boxes, strict=True))
        left -= fresh
    if not found:
        raise ValueError("every run was trained on all folds; give one whose recipe has `folds`")
    everything = everything.of_folds(set(TRAINING_FOLDS) - left)
    return everything, [found[label.id] for label in everything.radiographs.labels]


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit status: 1 with one line where something is wrong that a person can put right."""
    parser = argparse.ArgumentParser(prog="python -m models.evaluation.joints", description=joints_markdown.__doc__)
    parser.add_argument("runs", type=Path, nargs="+", help="run folders of recipes with `folds`")
    parser.add_argument("--data", type=Path, required=True, help="data folder")
    options = parser.parse_args(arguments)
    try:
        print(joints_markdown(*out_of_fold(options.runs, options.data), Marks.JOINTS.classes))
    except (ValueError, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
