"""A made-up site: phantoms as PNG and DICOM files, a label file, and the YAML file that describes them."""

import csv
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from dicom_node.phantom.file import PhantomOptions, dataset
from models.phantom.drawing import draw

HEADER = ("image", "patient", "bone_age", "sex", "fold")
Row = tuple[str, str, str, str, str]
ROWS: tuple[Row, ...] = (
    ("girl.png", "A", "120", "F", "0"),
    ("boy.dcm", "B", "60", "M", "7"),
    ("older.png", "C", "180", "F", "8"),
    ("young.png", "D", "30", "M", "9"),
    ("grown.png", "E", "200", "M", "1"),
)
YAML = """name: made-up
labels: {file: labels.csv}
columns: {image: image, bone_age: bone_age, sex: sex, patient: patient, fold: fold}
units: {bone_age: months}
images: {folder: images}
"""


def write_rows(folder: Path, rows: Sequence[Sequence[str]], header: Sequence[str] = HEADER) -> None:
    """The label file, `labels.csv`."""
    with (folder / "labels.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([header, *rows])


def write_site(folder: Path, *, rows: Sequence[Sequence[str]] = ROWS, yaml: str = YAML) -> Path:
    """Five phantoms, four PNG and one DICOM, below `images`; gives the YAML file."""
    images = folder / "images"
    images.mkdir()
    for seed, (name, _patient, months, sex, _fold) in enumerate(ROWS):
        write_phantom(images / name, float(months), sex, seed)
    write_rows(folder, rows)
    path = folder / "site.yaml"
    path.write_text(yaml, encoding="utf-8")
    return path


def write_phantom(path: Path, months: float, sex: str, seed: int) -> None:
    """A small phantom, as DICOM or as an 8-bit PNG by its suffix."""
    if path.suffix == ".dcm":
        ds = dataset(PhantomOptions(months, sex, seed=seed, height=160, width=128, monochrome1=True))
        ds.save_as(path, enforce_file_format=True)
        return
    pixels = draw(months, "F" if sex == "F" else "M", seed=seed, height=160, width=128).pixels
    Image.fromarray(np.round(pixels * 255).astype(np.uint8)).save(path)
