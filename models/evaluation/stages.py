"""Ages as stages: how often the stage of the reading is the stage of the label, and which are mistaken for which."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from models.evaluation.metrics import Array, Estimate, bootstrap


def stage_of(months: Array, edges_months: Sequence[float]) -> NDArray[np.int64]:
    """(N,) months -> (N,) stages 0 to E for E ascending edges; an age on an edge belongs to the later stage.

    Raises ValueError where the edges do not rise.
    """
    if list(edges_months) != sorted(set(edges_months)):
        raise ValueError(f"stage edges must rise, they are {', '.join(f'{edge:g}' for edge in edges_months)}")
    return np.searchsorted(np.asarray(edges_months, dtype=np.float64), months, side="right").astype(np.int64)


def stage_names(edges_months: Sequence[float]) -> tuple[str, ...]:
    """E edges name E + 1 stages."""
    edges = [f"{edge:g}" for edge in edges_months]
    if not edges:
        return ("every age",)
    between = [f"{low}-{high}" for low, high in pairwise(edges)]
    return (f"below {edges[0]}", *between, f"from {edges[-1]}")


@dataclass(frozen=True)
class Confusion:
    """counts: (S, S) images, a row a true stage, a column a read stage. accuracy, adjacent: in percent."""

    names: tuple[str, ...]
    counts: NDArray[np.int64]
    accuracy: Estimate
    adjacent: float
    """Share read as the true stage or one beside it."""

    @property
    def recall(self) -> Array:
        """(S,) percent of each true stage that is read as it; NaN for a stage without images."""
        return _percent(np.diag(self.counts), self.counts.sum(1))

    @property
    def precision(self) -> Array:
        """(S,) percent of the readings in each stage that are right; NaN for a stage never read."""
        return _percent(np.diag(self.counts), self.counts.sum(0))


def _percent(part: NDArray[np.int64], whole: NDArray[np.int64]) -> Array:
    return np.where(whole > 0, 100.0 * part / np.maximum(whole, 1), np.nan)


def confuse(predicted: Array, truth: Array, edges_months: Sequence[float]) -> Confusion:
    """predicted, truth: (N,) months, N >= 1; edges_months: ascending."""
    names = stage_names(edges_months)
    return confusion_of(stage_of(predicted, edges_months), stage_of(truth, edges_months), names)


def confusion_of(read: NDArray[np.int64], true: NDArray[np.int64], names: tuple[str, ...]) -> Confusion:
    """read, true: (N,) stages, N >= 1; names: of the stages."""
    counts = np.zeros((len(names), len(names)), np.int64)
    np.add.at(counts, (true, read), 1)
    correct = (read == true).astype(np.float64) * 100
    adjacent = float((np.abs(read - true) <= 1).mean() * 100)
    return Confusion(names, counts, bootstrap(correct, lambda v: float(v.mean())), adjacent)


def confusion_markdown(confusion: Confusion) -> str:
    """The counts, recall and precision as a table, with the accuracy above it."""
    names, counts = confusion.names, confusion.counts
    lines = [
        f"Accuracy {confusion.accuracy} % of {counts.sum()} images; {confusion.adjacent:.1f} % in the true stage or "
        "one beside it. Rows: stage of the label in months; columns: stage of the reading.",
        "",
        "| label \\ read | " + " | ".join(names) + " | recall |",
        "|---" * (len(names) + 2) + "|",
    ]
    for name, row, recall in zip(names, counts, confusion.recall, strict=True):
        lines.append(f"| {name} | " + " | ".join(str(count) for count in row) + f" | {_shown(recall)} |")
    lines.append("| precision | " + " | ".join(_shown(value) for value in confusion.precision) + " | |")
    return "\n".join(lines)


def _shown(percent: float) -> str:
    return "" if np.isnan(percent) else f"{percent:.1f} %"
