"""The Markdown of an evaluation: every table with its number of images, its weights and its command."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from models.evaluation.comparison import ComparisonRow, comparison_markdown
from models.evaluation.metrics import Array, Row, to_markdown
from models.evaluation.plan import Plan
from models.evaluation.stages import Confusion, confusion_markdown
from models.evaluation.subject import Subject

EXPLANATION = (
    "Months; the intervals of the MAE are percentile bootstraps over images, SD is that of the absolute error. "
    "Age groups are those of RegressionCNN Table III; images above 216 months count in the totals only."
)


@dataclass(frozen=True)
class Result:
    """What one model made of the images; coverage: share of readings in its interval, None where it gives none."""

    subject: Subject
    predicted: Array
    rows: list[Row]
    coverage: float | None
    confusion: Confusion | None


def provenance(plan: Plan, count: int, subjects: Sequence[Subject], views: str = "flips averaged") -> str:
    """The line above a table: command, weights, number of images and how they were read."""
    weights = "; ".join(f"{subject.name} {subject.version} `{subject.sha256}`" for subject in subjects)
    return f"Command: `{plan.command}`. Weights sha256: {weights}. {count} images, {views}."


def document(plan: Plan, results: Sequence[Result], sections: Mapping[str, str] | None = None) -> str:
    """Each model's figures, the models side by side, and further sections by title."""
    titles = " and ".join(f"{result.subject.name} {result.subject.version}" for result in results)
    parts = [f"# {titles} on fold {plan.fold}"]
    for result in results:
        parts += [f"## {result.subject.name}"] if len(results) > 1 else []
        parts += _of_model(plan, result)
    if len(results) > 1:
        count, subjects = results[0].rows[0].count, [result.subject for result in results]
        parts += ["## Side by side", provenance(plan, count, subjects), side_by_side(results)]
    for title, text in (sections or {}).items():
        parts += [f"## {title}", text]
    return "\n\n".join([*parts, EXPLANATION]) + "\n"


def _of_model(plan: Plan, result: Result) -> list[str]:
    origin = provenance(plan, result.rows[0].count, [result.subject])
    parts = [origin, to_markdown(result.rows)]
    interval = result.subject.interval
    if interval is not None and result.coverage is not None:
        parts.append(
            f"Share of readings inside the {interval.coverage:.0%} interval: {result.coverage:.1%} ({interval.method})."
        )
    if result.confusion is not None:
        parts += [f"Stages of age. {origin}", confusion_markdown(result.confusion)]
    return parts


def side_by_side(results: Sequence[Result]) -> str:
    """MAE and SD of each group, a column a model: the form of RegressionCNN Table III, turned."""
    names = [result.subject.name for result in results]
    lines = ["| group | images | " + " | ".join(names) + " |", "|---|--:|" + "--:|" * len(names)]
    for rows in zip(*(result.rows for result in results), strict=True):
        cells = [f"{row.mae.value:.2f}" + ("" if np.isnan(row.sd) else f" ± {row.sd:.2f}") for row in rows]
        lines.append(f"| {rows[0].group} | {rows[0].count} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def comparison_section(plan: Plan, pair: tuple[Subject, Subject], rows: Sequence[ComparisonRow]) -> tuple[str, str]:
    """Title and text of a comparison."""
    first, second = pair
    text = comparison_markdown(first.name, second.name, rows)
    note = "Tests of the absolute errors, paired by image; p values are not corrected for the number of tests."
    return f"{first.name} against {second.name}", "\n\n".join([provenance(plan, rows[0].count, pair), text, note])
