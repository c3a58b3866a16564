"""A data folder of drawn hands, each under its own id."""

import io
import zipfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from PIL import Image

from models.phantom.drawing import draw


def write_folder(folder: Path, folds: Mapping[int, int]) -> Path:
    """`rsna299/labels.csv` and one shard of 299 px; folds: of each id."""
    below = folder / "rsna299"
    below.mkdir(parents=True)
    rows = [f"{id},120,F,{fold}" for id, fold in folds.items()]
    (below / "labels.csv").write_text("\n".join(["id,bone_age_months,sex,fold", *rows]) + "\n")
    with zipfile.ZipFile(below / "images-1of1.zip", "w") as archive:
        for id in folds:
            pixels = draw(120, "F", seed=id, height=299, width=299).pixels
            blob = io.BytesIO()
            Image.fromarray((pixels * 255).astype(np.uint8)).save(blob, "PNG")
            archive.writestr(f"{id}.png", blob.getvalue())
    return folder
