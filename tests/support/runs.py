"""Run folders of networks that were trained for a moment on phantoms, and a data folder to measure them on."""

import io
import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from PIL import Image

from models.training.run import train

RECIPE = {
    "name": "tiny",
    "architecture": "regression_cnn",
    "parameters": {"width": 0.0625, "hidden": [8]},
    "phantoms": {"train": 4, "select": 2},
    "phases": [{"epochs": 1, "size": 80}],
    "batch_size": 4,
    "bfloat16": False,
}


def train_for_a_moment(folder: Path, **changes: Any) -> Path:
    """One step of a tiny RegressionCNN on four phantoms, into `folder`; keywords replace keys of the recipe."""
    recipe = folder.with_suffix(".yaml")
    recipe.parent.mkdir(parents=True, exist_ok=True)
    recipe.write_text(yaml.safe_dump({**RECIPE, **changes}), encoding="utf-8")
    train(recipe, data=None, output=folder, device="cpu")
    recipe.unlink()
    return folder


def rename(run: Path, name: str) -> Path:
    """The run under another recipe's name."""
    path = run / "recipe.yaml"
    path.write_text(yaml.safe_dump({**yaml.safe_load(path.read_text()), "name": name}), encoding="utf-8")
    return run


def change_facts(run: Path, **facts: Any) -> None:
    """Replace what the run says of itself."""
    path = run / "facts.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **facts}), encoding="utf-8")


def write_radiographs(folder: Path, *, test: int = 12, calibrate: int = 60) -> Path:
    """A data folder of bright squares whose size follows the age: `test` in fold 9, `calibrate` odd ids in fold 8."""
    labels = [(n, 20 + 17 * n, 9) for n in range(test)]
    labels += [(1001 + 2 * n, 20 + 3 * n, 8) for n in range(calibrate)]
    (folder / "rsna299").mkdir(parents=True)
    rows = [f"{number},{months},{'FM'[n % 2]},{fold}" for n, (number, months, fold) in enumerate(labels)]
    (folder / "rsna299" / "labels.csv").write_text("id,bone_age_months,sex,fold\n" + "\n".join(rows) + "\n")
    with zipfile.ZipFile(folder / "rsna299" / "images-1of1.zip", "w") as archive:
        for number, months, _ in labels:
            archive.writestr(f"{number}.avif", _png(number, months))
    return folder


def _png(seed: int, months: int) -> bytes:
    pixels = np.random.default_rng(seed).integers(0, 80, (60, 60)).astype(np.uint8)
    pixels[10 : 20 + months // 6, 20:40] = 220
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return file.getvalue()
