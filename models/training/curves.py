"""The log of a run as figures and as a picture."""

import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from models.evaluation.canvas import QUIET, SERIES, Axis, Picture, Plot, month_axis

Row = Mapping[str, Any]
WORST_SHOWN = 3.0
"""Times the best: the first epochs would else flatten all that follows."""


def read_log(folder: Path) -> list[Row]:
    """One row an epoch, in order; of an epoch that was done twice after a break, the second."""
    lines = (folder / "log.jsonl").read_text(encoding="utf-8").splitlines()
    by_epoch = {row["epoch"]: row for row in map(json.loads, lines)}
    return [by_epoch[epoch] for epoch in sorted(by_epoch)]


def figures(rows: Sequence[Row], size: int) -> dict[str, Any]:
    """Of a run that has reached so far: the best epoch at the reader's own size, None before; and the time it took."""
    best = min((row for row in rows if row["size"] == size), key=lambda row: float(row["select_mae"]), default=None)
    return {
        "select_mae_months": best["select_mae"] if best else None,
        "best_epoch": best["epoch"] if best else None,
        "epochs": rows[-1]["epoch"],
        "of": rows[-1]["of"],
        "seconds": round(sum(row["seconds"] for row in rows), 1),
    }


def draw_curves(title: str, rows: Sequence[Row]) -> Picture:
    """Mean absolute error by epoch, of the training images as they were augmented and of those that select."""
    epochs = [row["epoch"] for row in rows]
    errors = {name: [row[key] for row in rows] for name, key in (("train", "train_mae"), ("select", "select_mae"))}
    shown = [error for each in errors.values() for error in each]
    top = min(max(shown), WORST_SHOWN * min(shown))
    step = max(1, math.ceil(rows[-1]["of"] / 10))
    plot = Plot(
        title,
        Axis(1, max(2, rows[-1]["of"]), "epoch", step),
        month_axis([min(shown), top], "mean absolute error, months"),
    )
    plot.note(
        f"best select MAE {min(errors['select']):.2f} months; {sum(row['seconds'] for row in rows) / 60:.1f} minutes"
    )
    for (name, values), colour in zip(errors.items(), (QUIET, SERIES[0]), strict=True):
        plot.line(epochs, values, colour, 2.2)
        plot.points(epochs, values, colour)
        plot.legend(name, colour)
    return plot.finished()
