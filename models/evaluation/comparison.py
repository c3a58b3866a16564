"""Two models on the same images: is the difference of their errors more than chance?"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

from models.data.labels import Label
from models.evaluation.metrics import Array, By, Estimate, bootstrap, groups, truth_months


@dataclass(frozen=True)
class PairedTest:
    """difference: mean of first minus second, with its bootstrap interval; p values are two-sided.

    NaN where a test says nothing: fewer than two pairs, or all pairs alike.
    """

    difference: Estimate
    t_test_p: float
    wilcoxon_p: float


def paired_test(first: Array, second: Array) -> PairedTest:
    """Paired t-test (as RegressionCNN Table III) and Wilcoxon's signed-rank test. first, second: (N,), N >= 1."""
    gap = first - second
    difference = bootstrap(gap, lambda v: float(v.mean()))
    if len(gap) < 2 or np.ptp(gap) == 0:
        return PairedTest(difference, float("nan"), float("nan"))
    t_test = stats.ttest_rel(first, second)
    wilcoxon = stats.wilcoxon(first, second)
    return PairedTest(difference, float(t_test.pvalue), float(wilcoxon.pvalue))


@dataclass(frozen=True)
class ComparisonRow:
    """Two models in one group of images; MAE in months, test of their absolute errors."""

    group: str
    count: int
    first_mae: float
    second_mae: float
    test: PairedTest


def compare(
    labels: Sequence[Label], first: Array, second: Array, by: Iterable[By] = (By.SEX, By.AGE)
) -> list[ComparisonRow]:
    """first, second: (N,) months that two models read from the same N images."""
    truth = truth_months(labels)
    errors = np.abs(first - truth), np.abs(second - truth)
    rows = []
    for name, members in groups(labels, by):
        one, other = errors[0][members], errors[1][members]
        rows.append(ComparisonRow(name, len(one), float(one.mean()), float(other.mean()), paired_test(one, other)))
    return rows


def comparison_markdown(first: str, second: str, rows: Iterable[ComparisonRow]) -> str:
    """A table a person reads; p values as they come, not corrected for the number of tests."""
    lines = [
        f"| group | images | MAE {first} | MAE {second} | difference, months [95 % CI] "
        "| paired t-test p | Wilcoxon p |",
        "|---|--:|--:|--:|--:|--:|--:|",
    ]
    for row in rows:
        test = row.test
        lines.append(
            f"| {row.group} | {row.count} | {row.first_mae:.2f} | {row.second_mae:.2f} | {test.difference} "
            f"| {shown_p(test.t_test_p)} | {shown_p(test.wilcoxon_p)} |"
        )
    return "\n".join(lines)


def shown_p(p: float) -> str:
    """Three significant digits, or a dash for a test that says nothing."""
    return "-" if np.isnan(p) else f"{p:.3g}"
