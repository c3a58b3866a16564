"""How trainings went: the error by epoch as a picture, time and device as a table."""

from collections.abc import Mapping, Sequence

from models.evaluation.canvas import SERIES, Axis, Picture, Plot, month_axis
from models.evaluation.paper.measurements import Measured
from models.evaluation.paper.origin import NONE, NOT_TRAINED, Origin, table
from models.evaluation.paper.training import Training


def curves_chart(title: str, trainings: Mapping[str, Training]) -> Picture:
    """MAE of the even ids of fold 8 after each epoch, a line a row. At least one training."""
    values = [epoch.select_mae for training in trainings.values() for epoch in training.epochs]
    last = max(training.of for training in trainings.values())
    x = Axis(0, last + 1, "epoch", max(1, round(last / 10)))
    plot = Plot(title, x, month_axis([0.0, 1.3 * max(values)], "MAE, months"))  # room for the legend
    plot.note("the even ids of fold 8, averaged weights, without flips; steps in the lines are changes of the size")
    for n, (name, training) in enumerate(trainings.items()):
        numbers, errors = zip(*((float(e.number), e.select_mae) for e in training.epochs), strict=True)
        colour = SERIES[n % len(SERIES)]
        plot.points(numbers, errors, colour, 3.5)
        if len(numbers) > 1:
            plot.line(numbers, errors, colour, 2.4)
        plot.legend(f"{name}: {training.best.select_mae:.2f} at epoch {training.best.number}", colour)
    return plot.finished()


def trainings_section(origin: Origin, names: Sequence[str], found: Mapping[str, Measured]) -> str:
    """Markdown: a row a run. names: all rows, those of missing runs too."""
    head = ["run", "parameters", "training images", "epochs", "best epoch", "MAE of fold 8, even ids", "minutes"]
    rows = [_row(name, found.get(name)) for name in names]
    note = (
        "Of the logs: minutes are those of a machine that may have had other work, with the measuring after each "
        "epoch. The best epoch is the one whose weights were kept; its error is of averaged weights, without flips."
    )
    return "\n\n".join([origin.above(found), table([*head, "device", "source tree"], rows), note])


def _row(name: str, measured: Measured | None) -> list[str]:
    if measured is None:
        return [name, NOT_TRAINED, *[NONE] * 7]
    run = measured.training
    epochs = str(run.of) if len(run.epochs) == run.of else f"{len(run.epochs)} of {run.of}"
    figures = [f"{run.parameters:,}", f"{run.images:,}", epochs, str(run.best.number), f"{run.best.select_mae:.2f}"]
    return [name, *figures, f"{run.minutes:.1f}", run.device, f"`{run.commit[:12]}`"]
