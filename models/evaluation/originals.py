"""The whole-hand reader on radiographs at their full size and own aspect."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from models.data.labels import Label
from models.data.originals import read_originals
from models.data.radiographs import Radiographs, decode_radiographs
from models.evaluation.readings import read_with
from models.preprocess import standard_frame
from models.registry import LoadedModel, load


def evaluate_originals(name: str, *, data: Path, weights_directory: Path | None = None) -> str:
    """A Markdown table, one row an image, beside the same image as it is at 299 px in the labelled set.

    Raises ValueError where there are none.
    """
    model = load(name, directory=weights_directory)
    read = [(label, pixels.shape, _months(model, label, pixels)) for label, pixels in read_originals(data)]
    if not read:
        raise ValueError(f"{data}: no originals/*.png")
    small = decode_radiographs(data, tuple(label for label, *_ in read))
    at_299 = read_with(model, small)
    lines = [
        "| id | sex | size, px | label, months | read, months | error | read at 299 px |",
        "|--:|---|---|--:|--:|--:|--:|",
    ]
    for (label, (height, width), months), other in zip(read, at_299, strict=True):
        error = months - label.bone_age_months
        lines.append(
            f"| {label.id} | {label.sex} | {width}x{height} | {label.bone_age_months:.0f} | {months:.1f} "
            f"| {error:+.1f} | {other:.1f} |"
        )
    errors = [abs(months - label.bone_age_months) for label, _, months in read]
    apart = [abs(months - other) for (*_, months), other in zip(read, at_299, strict=True)]
    return (
        f"# {model.card.name} {model.card.version} on full-size originals\n\n"
        f"Command: `dicom-node evaluate {name} --data DIR --originals`. Weights sha256 `{model.sha256}`.\n\n"
        + "\n".join(lines)
        + f"\n\nMean absolute error over {len(errors)} images: {np.mean(errors):.1f} months. A full-size image and the "
        f"same image at 299 px are read {np.mean(apart):.1f} months apart on average. So few images prove the path of "
        "full-size images, not the accuracy.\n"
    )


def _months(model: LoadedModel, label: Label, pixels: NDArray[np.float32]) -> float:
    """Flips averaged."""
    of_one = Radiographs((label,), standard_frame(pixels)[None])
    return float(read_with(model, of_one)[0])
