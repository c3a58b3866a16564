"""The images of a data folder as they lie there, before they are made standard: damage is done to these."""

import io
import zipfile
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from models.data.labels import Label

Pixels = NDArray[np.float32]
"""(H, W) float32 in [0, 1], bone bright."""


def read_pixels(data: Path, labels: tuple[Label, ...]) -> list[NDArray[np.uint8]]:
    """(H, W) uint8 of each label, in order. Raises ValueError that counts the missing ones.

    data: a data folder as `models.data.radiographs` has it.
    """
    if not data.is_dir():
        raise ValueError(f"{data}: damage is measured on a data folder with rsna299/images-*.zip")
    wanted = {label.id: n for n, label in enumerate(labels)}
    found: dict[int, NDArray[np.uint8]] = {}
    for shard in sorted((data / "rsna299").glob("images-*.zip")):
        with zipfile.ZipFile(shard) as archive:
            for name in archive.namelist():
                if int(Path(name).stem) in wanted:
                    found[int(Path(name).stem)] = np.asarray(Image.open(io.BytesIO(archive.read(name))).convert("L"))
    missing = sorted(set(wanted) - set(found))
    if missing:
        raise ValueError(f"{data}: {len(missing)} labelled images are missing, among them {missing[0]}")
    return [found[label.id] for label in labels]
