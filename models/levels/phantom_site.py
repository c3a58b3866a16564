"""A site of phantoms with known levels, laid out as a hospital's own set is: images, labels, levels, boxes, YAML."""

import csv
from collections.abc import Iterator, Sequence
from itertools import chain
from pathlib import Path

import numpy as np
from PIL import Image

from models.levels.phantoms import GradedPhantom, graded_phantoms
from models.levels.scale import BONES

FOLDS = 10
YAML = """# Synthetic hands with known levels: test and commissioning material, never evidence of accuracy.
name: {name}
labels: {{file: labels.csv}}
columns: {{image: image, bone_age: bone_age, sex: sex, patient: patient, fold: fold}}
units: {{bone_age: months}}
images: {{folder: images}}
levels: {{file: levels.csv, boxes: boxes.csv}}
"""
NAME = "phantom-levels"


def write_phantom_site(folder: Path, hands: int, seed: int = 0) -> Path:
    """Write a set of so many hands; gives its YAML file. Raises ValueError where the folder holds a set already."""
    path = folder / "site.yaml"
    if path.exists():
        raise ValueError(f"{path}: there is a set here already; give another folder")
    if hands < FOLDS:
        raise ValueError(f"{hands} hands: a set needs {FOLDS}, one for each fold")
    (folder / "images").mkdir(parents=True, exist_ok=True)
    labels: list[Sequence[object]] = [("image", "patient", "bone_age", "sex", "fold")]
    levels: list[Sequence[object]] = [("image", *BONES)]
    boxes: list[Sequence[object]] = [("image", "bone", "left", "top", "right", "bottom")]
    for n, hand in enumerate(graded_phantoms(hands, seed)):
        name = f"{n:04d}.png"
        Image.fromarray(np.round(hand.phantom.pixels * 255).astype(np.uint8)).save(folder / "images" / name)
        labels.append((name, f"phantom-{n:04d}", f"{hand.age.months:.2f}", hand.sex, n % FOLDS))
        levels.append((name, *hand.levels))
        boxes += _boxes(name, hand)
    for file, rows in (("labels.csv", labels), ("levels.csv", levels), ("boxes.csv", boxes)):
        with (folder / file).open("w", encoding="utf-8", newline="") as stream:
            csv.writer(stream).writerows(rows)
    path.write_text(YAML.format(name=NAME), encoding="utf-8")
    return path


def _boxes(name: str, hand: GradedPhantom) -> Iterator[Sequence[object]]:
    for bone in BONES:
        yield tuple(chain((name, bone), (f"{side:.1f}" for side in hand.phantom.boxes[bone])))
