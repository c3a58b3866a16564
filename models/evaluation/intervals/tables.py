"""The tables of the page, as Markdown: ours beside what the paper printed."""

from collections.abc import Mapping, Sequence

import numpy as np

from models.evaluation.comparison import paired_test, shown_p
from models.evaluation.intervals.edges import edge_gain
from models.evaluation.intervals.measurements import Told
from models.evaluation.intervals.specification import Ablation, Cell, Printed
from models.evaluation.metrics import Array
from models.evaluation.paper.origin import NONE, NOT_TRAINED, table
from models.evaluation.stages import Confusion, confusion_of

Found = Mapping[str, Told | None]
"""By run; None where it was not trained."""


def accuracy_table(cells: Sequence[Cell], found: Found, printed: Printed, *, fold: int) -> str:
    """The paper's table: accuracy in percent of training images, of those that select, and of the fold."""
    rows = []
    for cell in cells:
        told = found.get(cell.run)
        of_paper = printed.get(cell.intervals.count, {}).get(cell.row, (NONE, NONE)) if printed else ()
        rows.append([str(cell.intervals.count), cell.row, *_accuracies(told), *of_paper])
    head = ["classes", "model", "training accuracy", "validation accuracy", f"accuracy on fold {fold}",
            f"MAE of the expected age on fold {fold}, months", "parameters"]  # fmt: skip
    return table(head + (["paper: training", "paper: validation"] if printed else []), rows, 2)


def commonest_lines(cells: Sequence[Cell], found: Found) -> list[str]:
    """What an answer that never looks at the image would reach: one sentence, where anything was trained."""
    shares = {}
    for cell in cells:
        told = found.get(cell.run)
        if told is not None:
            shares[cell.intervals.count] = 100 * float(np.bincount(told.truth).max() / len(told.truth))
    told_shares = ", ".join(f"{share:.1f} % of {count} classes" for count, share in sorted(shares.items()))
    return [f"Always the commonest class of these images would be right for {told_shares}."] if shares else []


def _accuracies(told: Told | None) -> list[str]:
    if told is None:
        return [NOT_TRAINED, *[NONE] * 4]
    trained, selected = (100 * float(told.best[key]) for key in ("train_accuracy", "select_accuracy"))
    return [
        f"{trained:.1f}", f"{selected:.1f}", f"{100 * told.right.mean():.1f}", f"{told.errors.mean():.2f}",
        f"{told.parameters:,}",
    ]  # fmt: skip


def sex_table(pairs: Sequence[tuple[Cell, Cell]], found: Found, near_months: float) -> str:
    """What the sex brings, in percentage points: to all images, to those near an edge and far from it."""
    rows = []
    for with_sex, without in pairs:
        first, second = found.get(with_sex.run), found.get(without.run)
        name = [f"{with_sex.intervals.count}, {with_sex.intervals.cut}", with_sex.row]
        if first is None or second is None:
            rows.append([*name, NOT_TRAINED, *[NONE] * 5])
            continue
        gain, all_gain = edge_gain(first, second, near_months), 100 * float((first.right * 1.0 - second.right).mean())
        p = shown_p(paired_test(first.errors, second.errors).wilcoxon_p)
        mae = f"{second.errors.mean():.2f} -> {first.errors.mean():.2f} (p {p})"
        told = [NONE] * 4 if gain is None else [
            f"{gain.near} / {gain.far}", _signed(gain.near_gain), _signed(gain.far_gain), _signed(gain.difference)
        ]  # fmt: skip
        rows.append([*name, f"{all_gain:+.1f}", *told, mae])
    head = ["classes", "model", "all images", "images near / far", "near", "far", "near minus far", "MAE, months"]
    return table(head, rows, 2)


def _signed(estimate: object) -> str:
    value, low, high = (getattr(estimate, name) for name in ("value", "low", "high"))
    return f"{value:+.1f} [{low:+.1f}, {high:+.1f}]"


def chain_table(rows: Mapping[str, Ablation], found: Found, *, fold: int) -> str:
    """A row a chain. p: of the absolute errors against the first row, Wilcoxon's test, paired."""
    lines, first = [], found.get(next(iter(rows.values())).run)
    for name, row in rows.items():
        told = found.get(row.run)
        p = NONE
        if told is not None and first is not None and told is not first:
            p = shown_p(paired_test(told.errors, first.errors).wilcoxon_p)
        lines.append([name, *_accuracies(told)[:-1], p])
    head = ["chain", "training accuracy", "validation accuracy", f"accuracy on fold {fold}",
            f"MAE on fold {fold}, months", "p"]  # fmt: skip
    return table(head, lines)


def ages_table(rows: Mapping[str, Array | None]) -> str:
    """Absolute errors in months, by reader; None where it was not trained."""
    lines = []
    for name, errors in rows.items():
        if errors is None:
            lines.append([name, NOT_TRAINED, NONE, NONE])
            continue
        within = f"{100 * (errors <= 12).mean():.1f} %"
        lines.append([name, f"{errors.mean():.2f}", f"{np.median(errors):.2f}", within])
    return table(["reader", "MAE, months", "MdAE, months", "within 12 months"], lines)


def confusion_told(told: Told) -> Confusion:
    """Of the likeliest classes."""
    return confusion_of(told.classes, told.truth, told.scale.names)
