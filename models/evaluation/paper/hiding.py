"""Whether the place that a configuration looks at matters to its reading: the hiding check, a row a configuration."""

from collections.abc import Mapping

from models.evaluation.activation import SIDE, HidingChanges, summarise_hiding
from models.evaluation.paper.measurements import Measured
from models.evaluation.paper.origin import NONE, NOT_TRAINED, Origin, shown_ps, table


def hiding_section(
    origin: Origin, names: tuple[str, ...], found: Mapping[str, Measured], changes: Mapping[str, HidingChanges]
) -> str:
    """Markdown. names: all configurations; changes: of those that were trained."""
    head = ["configuration", "strongest hidden, months", "another hidden, months", "difference [95 % CI]"]
    head += ["strongest moved more", "t-test p", "Wilcoxon p"]
    text = (
        f"How far a reading moves when the {SIDE:.0%} x {SIDE:.0%} square is hidden where the activation map is "
        "strongest, and when another square of the same size is, on the brighter half of the image. Means of absolute "
        "changes; tests are paired by image."
    )
    rows = [_row(name, changes.get(name)) for name in names]
    return "\n\n".join([text, origin.above(found, "read without flips"), table(head, rows)])


def _row(name: str, changes: HidingChanges | None) -> list[str]:
    if changes is None:
        return [name, NOT_TRAINED, *[NONE] * 5]
    check = summarise_hiding(changes)
    moved = [f"{check.strongest_months:.2f}", f"{check.other_months:.2f}", str(check.test.difference)]
    return [name, *moved, f"{check.strongest_more:.0f} %", *shown_ps(check.test)]
