"""Whether the place that a configuration looks at matters to its reading: the hiding check, a row a configuration."""

from collections.abc import Mapping

from models.evaluation.activation import SIDE, HidingChanges, summarise_hiding
from models.evaluation.metrics import table as figures
from models.evaluation.paper.architectures import map_cells
from models.evaluation.paper.measurements import Measured
from models.evaluation.paper.origin import NONE, NOT_TRAINED, Origin, shown_ps, spread, table
from models.training.recipe import Recipe


def hiding_section(
    origin: Origin, recipes: Mapping[str, Recipe], found: Mapping[str, Measured], changes: Mapping[str, HidingChanges]
) -> str:
    """Markdown, a row a recipe. changes: of those that were trained."""
    head = [
        "configuration",
        "MAE ± SD, months",
        "size, px",
        "map",
        "strongest hidden, months",
        "another hidden, months",
        "difference [95 % CI]",
    ]
    head += ["strongest moved more", "t-test p", "Wilcoxon p"]
    text = (
        f"How far a reading moves when the {SIDE:.0%} x {SIDE:.0%} square is hidden where the activation map is "
        "strongest, and when another square of the same size is, on the brighter half of the image. Means of absolute "
        "changes; tests are paired by image. The map is given in cells of the frame, or of the hand's box. A coarse "
        "one says little of a place: of 2 x 2 cells, it lies around the middle of a quarter, hardly elsewhere."
    )
    rows = [_row(origin, name, recipe, found.get(name), changes.get(name)) for name, recipe in recipes.items()]
    return "\n\n".join([text, origin.above(found, "flips averaged but for the hiding"), table(head, rows)])


def _row(
    origin: Origin, name: str, recipe: Recipe, measured: Measured | None, changes: HidingChanges | None
) -> list[str]:
    cells = map_cells(recipe)
    size = [str(recipe.input_size), f"{cells} x {cells}"]
    if measured is None or changes is None:
        return [name, NOT_TRAINED, *size, *[NONE] * 5]
    check = summarise_hiding(changes)
    error = spread(figures(origin.labels, measured.months)[0])
    moved = [f"{check.strongest_months:.2f}", f"{check.other_months:.2f}", str(check.test.difference)]
    return [name, error, *size, *moved, f"{check.strongest_more:.0f} %", *shown_ps(check.test)]
