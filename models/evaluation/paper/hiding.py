"""Whether the place that a configuration looks at matters to its reading: the hiding check, a row a configuration."""

from collections.abc import Mapping

from models.evaluation.activation import SIDE, HidingChanges, summarise_hiding
from models.evaluation.paper.measurements import Measured
from models.evaluation.paper.origin import NONE, NOT_TRAINED, Origin, shown_ps, table


def hiding_section(
    origin: Origin, cells: Mapping[str, int], found: Mapping[str, Measured], changes: Mapping[str, HidingChanges]
) -> str:
    """Markdown. cells: of each configuration's map, on a side; changes: of those that were trained."""
    head = ["configuration", "map", "strongest hidden, months", "another hidden, months", "difference [95 % CI]"]
    head += ["strongest moved more", "t-test p", "Wilcoxon p"]
    text = (
        f"How far a reading moves when the {SIDE:.0%} x {SIDE:.0%} square is hidden where the activation map is "
        "strongest, and when another square of the same size is, on the brighter half of the image. Means of absolute "
        "changes; tests are paired by image. The map is given in cells of the frame, or of the hand's box. A coarse "
        "one says little of a place: of 2 x 2 cells, it lies around the middle of a quarter, hardly elsewhere."
    )
    rows = [_row(name, side, changes.get(name)) for name, side in cells.items()]
    return "\n\n".join([text, origin.above(found, "read without flips"), table(head, rows)])


def _row(name: str, side: int, changes: HidingChanges | None) -> list[str]:
    size = f"{side} x {side}"
    if changes is None:
        return [name, size, NOT_TRAINED, *[NONE] * 5]
    check = summarise_hiding(changes)
    moved = [f"{check.strongest_months:.2f}", f"{check.other_months:.2f}", str(check.test.difference)]
    return [name, size, *moved, f"{check.strongest_more:.0f} %", *shown_ps(check.test)]
