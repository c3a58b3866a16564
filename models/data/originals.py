"""Full-size radiographs beside the small ones: `originals/<id>.png`, labelled by the same file."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from models.data.labels import Label, read_labels


def read_originals(data: Path) -> Iterator[tuple[Label, NDArray[np.float32]]]:
    """Each label with its pixels, (H, W) float32 in [0, 1], by id."""
    labels = {label.id: label for label in read_labels(data / "rsna299" / "labels.csv")}
    for path in sorted((data / "originals").glob("*.png"), key=lambda path: int(path.stem)):
        grey = np.asarray(Image.open(path).convert("L"))
        yield labels[int(path.stem)], (grey / 255).astype(np.float32)
