"""The whole-hand reader on radiographs at their full size and own aspect."""

from pathlib import Path

import numpy as np
import torch

from models.data.originals import read_originals
from models.preprocess import standardise
from models.registry import load


def evaluate_originals(name: str, *, data: Path, weights_directory: Path | None = None) -> str:
    """A Markdown table, one row an image, and the mean absolute error. Raises ValueError where there are none."""
    model = load(name, directory=weights_directory)
    lines = ["| id | sex | size, px | label, months | read, months | error |", "|--:|---|---|--:|--:|--:|"]
    errors = []
    for label, pixels in read_originals(data):
        image = torch.from_numpy(standardise(pixels, model.card.input_size))[None, None]
        male = torch.full((2,), float(label.sex == "M"))
        with torch.inference_mode():
            months = float(model.network(torch.cat([image, image.flip(3)]), male).age_months.mean())
        errors.append(abs(months - label.bone_age_months))
        size = f"{pixels.shape[1]}x{pixels.shape[0]}"
        error = months - label.bone_age_months
        lines.append(
            f"| {label.id} | {label.sex} | {size} | {label.bone_age_months:.0f} | {months:.1f} | {error:+.1f} |"
        )
    if not errors:
        raise ValueError(f"{data}: no originals/*.png")
    return (
        f"# {model.card.name} {model.card.version} on full-size originals\n\n"
        f"Command: `dicom-node evaluate {name} --data DIR --originals`. Weights sha256 `{model.sha256}`.\n\n"
        + "\n".join(lines)
        + f"\n\nMean absolute error over {len(errors)} images: {np.mean(errors):.1f} months. So few images prove the "
        "path of full-size images, not the accuracy.\n"
    )
