"""Where the figures of a table come from, and how they are written."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from models.data.labels import Label
from models.evaluation.comparison import PairedTest, paired_test, shown_p
from models.evaluation.metrics import Estimate, Row
from models.evaluation.paper.measurements import Measured

NOT_TRAINED = "not trained"
NONE = "-"


@dataclass(frozen=True)
class Origin:
    """What all tables of a document share.

    command: writes it again. paper: the short name by which its figures are quoted. fold, labels: of the images.
    """

    command: str
    paper: str
    fold: int
    labels: tuple[Label, ...]

    def line(self, weights: Mapping[str, str], views: str = "flips averaged") -> str:
        """The line above a table. weights: sha256 of each row."""
        hashes = ", ".join(f"{row} `{sha256[:12]}`" for row, sha256 in weights.items()) or "none"
        return f"Command: `{self.command}`. Weights sha256: {hashes}. {len(self.labels)} images, {views}."

    def above(self, found: Mapping[str, Measured], views: str = "flips averaged") -> str:
        """As `line`, of measured runs."""
        return self.line({row: measured.sha256 for row, measured in found.items()}, views)


def table(head: Sequence[str], rows: Sequence[Sequence[str]], texts: int = 1) -> str:
    """A Markdown table; all columns but the first `texts` stand to the right."""
    lines = [head, [*["---"] * texts, *["--:"] * (len(head) - texts)], *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def remarks(lines: Sequence[str]) -> list[str]:
    """What its authors say of a document's figures: parts of the document, none where nothing is said."""
    if not lines:
        return []
    return ["## What agrees with the paper, and what does not", "\n".join(f"- {line}" for line in lines)]


def spread(row: Row) -> str:
    """MAE ± SD of the absolute error, in months."""
    return f"{row.mae.value:.2f}" + ("" if np.isnan(row.sd) else f" ± {row.sd:.2f}")


def interval(estimate: Estimate) -> str:
    """The 95 % interval alone."""
    return f"[{estimate.low:.2f}, {estimate.high:.2f}]"


def p_values(found: Mapping[str, Measured], row: str, other: str) -> list[str]:
    """p of the paired t-test and of Wilcoxon's test of two rows' absolute errors; dashes where one is missing."""
    if row == other or row not in found or other not in found:
        return [NONE, NONE]
    return shown_ps(paired_test(found[row].errors, found[other].errors))


def shown_ps(test: PairedTest) -> list[str]:
    """p of the paired t-test and of Wilcoxon's test."""
    return [shown_p(test.t_test_p), shown_p(test.wilcoxon_p)]
