"""How a training went, as the paper draws it: accuracy and cross-entropy by epoch."""

from models.evaluation.canvas import QUIET, SERIES, Axis, Picture, Plot, month_axis
from models.evaluation.intervals.measurements import Told


def accuracy_chart(title: str, told: Told) -> Picture:
    """Percent of training images, as they were augmented, and of those that select (Fig. 8, 10, 12)."""
    return _chart(title, told, "accuracy, %", ("train_accuracy", "select_accuracy"), 100.0)


def loss_chart(title: str, told: Told) -> Picture:
    """Cross-entropy of the same (Fig. 9, 11, 13)."""
    return _chart(title, told, "cross-entropy", ("train_loss", "select_loss"), 1.0)


def _chart(title: str, told: Told, words: str, keys: tuple[str, str], factor: float) -> Picture:
    rows = [row for row in told.rows if all(key in row for key in keys)]
    epochs = [float(row["epoch"]) for row in rows]
    values = {
        name: [factor * float(row[key]) for row in rows] for name, key in zip(("train", "select"), keys, strict=True)
    }
    last = float(max(2, told.rows[-1]["of"]))
    shown = [value for each in values.values() for value in each]
    plot = Plot(title, Axis(1, last, "epoch", max(1, round(last / 10))), month_axis(shown, words))
    plot.note("training images as they were augmented; even ids of fold 8 with the averaged weights")
    for (name, line), colour in zip(values.items(), (QUIET, SERIES[0]), strict=True):
        if len(epochs) > 1:
            plot.line(epochs, line, colour, 2.2)
        plot.points(epochs, line, colour)
        plot.legend(name, colour)
    return plot.finished()
