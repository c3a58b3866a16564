"""The tables of the page, as Markdown: ours in months, the paper's in years as it printed them."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from models.evaluation.metrics import Array, Estimate, bootstrap
from models.evaluation.paper.origin import NONE, NOT_TRAINED, table
from models.evaluation.poor.arrangements import Arrangement
from models.evaluation.poor.conditions import CLEAN, Condition
from models.evaluation.poor.measurements import confusion, loss_kept, worsening
from models.evaluation.poor.specification import Printed
from models.quality.classes import CLASSES

Errors = Mapping[tuple[Arrangement, str], Array | None]
"""Absolute errors of one reader by arrangement and condition; None where a network was not trained."""
STATISTICS: Mapping[str, Callable[[Array], float]] = {
    "MAE": lambda errors: float(errors.mean()),
    "MdAE": lambda errors: float(np.median(errors)),
}
IMPROVING = (Arrangement.CQ, Arrangement.DQ, Arrangement.NODE)
LEAST_LOST = 0.5
"""Months that damage has to cost before a share of them is told."""


def arrangements_table(errors: Errors, conditions: Sequence[Condition], statistic: str) -> str:
    """BoNet+ Table 4 (MAE) or 5 (MdAE): a row an arrangement, a column a condition."""
    rows = []
    for arrangement in Arrangement:
        found = [errors.get((arrangement, condition.name)) for condition in conditions]
        cells = [NOT_TRAINED if each is None else str(bootstrap(each, STATISTICS[statistic])) for each in found]
        rows.append([str(arrangement), *cells])
    return table([f"{statistic}, months", *(condition.name for condition in conditions)], rows)


def goal_table(errors: Errors, conditions: Sequence[Condition]) -> str:
    """How much damage costs, and which share of that is left after improvement: the goal is at most a half."""
    clean = errors[Arrangement.PLAIN, CLEAN.name]
    assert clean is not None, "the plain reader always reads"
    rows = []
    for condition in (each for each in conditions if each is not CLEAN):
        plain = errors[Arrangement.PLAIN, condition.name]
        assert plain is not None, "the plain reader always reads"
        lost = bootstrap(plain - clean, lambda values: float(values.mean()))
        improved = (errors.get((arrangement, condition.name)) for arrangement in IMPROVING)
        shares = [_share_left(clean, plain, each) if lost.value > LEAST_LOST else NONE for each in improved]
        rows.append([condition.name, str(lost), f"{worsening(clean, plain):+.0f} %", *shares])
    head = ["damage", "untreated loses, months", "in percent", "left with CQ", "left with DQ", "left in the node"]
    return table(head, rows)


def _share_left(clean: Array, plain: Array, improved: Array | None) -> str:
    if improved is None:
        return NONE
    left = bootstrap(np.stack([clean, plain, improved], 1), lambda drawn: 100 * loss_kept(*drawn.T))
    return f"{left.value:.0f} % [{left.low:.0f}, {left.high:.0f}]"


def clean_line(errors: Errors) -> str:
    """What improvement does to images that need none."""
    clean = errors[Arrangement.PLAIN, CLEAN.name]
    told = []
    for arrangement in IMPROVING:
        found = errors.get((arrangement, CLEAN.name))
        if found is not None and clean is not None:
            told.append(f"{arrangement} {_signed(bootstrap(found - clean, lambda values: float(values.mean())))}")
    return f"Change of the MAE of images of high quality, months: {', '.join(told) or 'nothing was trained'}."


def _signed(change: Estimate) -> str:
    return f"{change.value:+.2f} [{change.low:+.2f}, {change.high:+.2f}]"


def losses_table(errors: Mapping[str, Array | None], printed: Printed) -> str:
    """BoNet+ Table 2: a row a loss; ours in months with the SD over images, the paper's in years over five folds."""
    rows = []
    for name, found in errors.items():
        ours = [NOT_TRAINED, NONE]
        if found is not None:
            mae, median = (bootstrap(found, figure) for figure in STATISTICS.values())
            ours = [f"{mae} ± {found.std(ddof=1):.2f}", str(median)]
        rows.append([name, *ours, *printed.get(name, (NONE, NONE))])
    return table(["loss", "MAE ± SD, months", "MdAE, months", "paper: MAE, years", "paper: MdAE, years"], rows)


def printed_table(printed: Printed, conditions: Sequence[Condition], statistic: str) -> str:
    """As the paper printed it, in years."""
    names = [condition.name for condition in conditions]
    rows = [[name, *cells, *[NONE] * (len(names) - len(cells))] for name, cells in printed.items()]
    return table([f"paper: {statistic}, years", *names], rows)


def confusion_table(found: Mapping[int, "np.ndarray[tuple[int, ...], np.dtype[np.int64]]"]) -> str:
    """Share of each true class that the classifier told as each."""
    counted = confusion(found, len(CLASSES))
    rows = [
        [CLASSES[true], str(row.sum()), *(f"{100 * count / max(row.sum(), 1):.1f} %" for count in row)]
        for true, row in enumerate(counted)
    ]
    return table(["truly", "images", *(f"told {name}" for name in CLASSES)], rows)
