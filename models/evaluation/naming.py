"""How many of the thirteen bones get a name on all radiographs of a fold, by age: also where no bones were marked.

    python -m models.evaluation.naming DETECTOR --data DIR [--fold 9]

Nobody marked most of these hands, so that this says how often bones are missing, not how often a name is right.
"""

import argparse
import sys
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np

from models.data.labels import Label
from models.data.radiographs import load_radiographs
from models.detection.anatomy import RUS_BONES, NamedHand, name_bones
from models.detection.bones import find_bones
from models.evaluation.detection_run import load_detector

AGES_MONTHS = (0, 24, 48, 64, 84, 108, 132, 156, 180, 204, 241)
"""Edges of the groups, the lower one inside; bones were marked from 64 months on."""
BATCH = 256


def naming_markdown(labels: Sequence[Label], hands: Sequence[NamedHand]) -> str:
    """A line an age group: hands, those with all thirteen, the mean number of bones, and the bone missing most."""
    months = [label.bone_age_months for label in labels]
    lines = ["| bone age, months | hands | all 13 named | mean number | missing most often |", "|---|--:|--:|--:|---|"]
    for low, high in pairwise(AGES_MONTHS):
        inside = [hand for hand, age in zip(hands, months, strict=True) if low <= age < high]
        if inside:
            lines.append(f"| {low}-{high} | {len(inside)} | " + _row(inside) + " |")
    return "\n".join([*lines, f"| all | {len(hands)} | {_row(hands)} |"])


def _row(hands: Sequence[NamedHand]) -> str:
    missing = {bone: sum(bone in hand.missing for hand in hands) for bone in RUS_BONES}
    most = max(missing, key=lambda bone: missing[bone])
    complete = sum(hand.complete for hand in hands) / len(hands)
    number = len(RUS_BONES) - sum(missing.values()) / len(hands)
    words = f"{most.value.replace('-', ' ')}, {missing[most] / len(hands):.1%}" if missing[most] else "none"
    return f"{complete:.1%} | {number:.2f} | {words}"


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit status: 1 with one line where something is wrong that a person can put right."""
    parser = argparse.ArgumentParser(prog="python -m models.evaluation.naming", description="Bones named, by age.")
    parser.add_argument("detector", help="name of weights, or a run folder")
    parser.add_argument("--data", type=Path, required=True, help="folder of radiographs")
    parser.add_argument("--fold", type=int, default=9)
    options = parser.parse_args(arguments)
    try:
        model, everything = load_detector(options.detector).model, load_radiographs(options.data)
        inside = [n for n, label in enumerate(everything.labels) if label.fold == options.fold]
        hands: list[NamedHand] = []
        for start in range(0, len(inside), BATCH):
            found = find_bones(np.asarray(everything.frames[inside[start : start + BATCH]]), model)
            hands += [name_bones(each, model.card.classes) for each in found]
        print(naming_markdown([everything.labels[n] for n in inside], hands))
    except (ValueError, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
