"""The form of RegressionCNN Table V, as a simulation: random against transferred weights, by number of images."""

from collections.abc import Mapping

from models.evaluation.comparison import paired_test
from models.evaluation.metrics import summarise, truth_months
from models.evaluation.paper.measurements import Measured
from models.evaluation.paper.origin import NONE, NOT_TRAINED, Origin, interval, shown_ps, spread, table
from models.evaluation.paper.specification import Transfer
from models.training.recipe import Recipe

WAYS = ("random", "transferred")


def transfer_runs(asked: Transfer) -> dict[str, str]:
    """The run of each row: the source, and every number of images either way."""
    runs = {"source": asked.source}
    for images in asked.images:
        runs |= {f"random {images}": asked.random(images), f"transferred {images}": asked.transferred(images)}
    return runs


def require_own_rows(asked: Transfer, found: Mapping[str, Measured]) -> None:
    """Raises ValueError where a run began elsewhere, or trained on other images, than its row says."""
    source = found["source"].sha256 if "source" in found else None
    for images in asked.images:
        for way, start in (("random", None), ("transferred", source)):
            run = found.get(f"{way} {images}")
            if run is not None and run.training.images != images:
                raise ValueError(f"{run.folder}: trained on {run.training.images} images, not {images}; train it again")
            if run is not None and run.training.start != start:
                raise ValueError(f"{run.folder}: began with {run.training.start}, its row with {start}; train it again")


def transfer_section(
    origin: Origin, asked: Transfer, found: Mapping[str, Measured], recipes: tuple[Recipe, Recipe]
) -> str:
    """Markdown. found: by the rows of `transfer_runs`. recipes: of the source and of all others."""
    source, other = recipes
    text = (
        f"**A simulation on one data set, not two hospitals.** Site A is {_folds(source)}, site B {_folds(other)}; all "
        f"are measured on fold {origin.fold}. A training at site B makes the same number of steps whatever its number "
        f"of images, {other.epochs} x {other.steps} batches of {other.batch_size} (recipe `{other.name}`). It begins "
        "with random weights, or with those that were trained at site A. Tests are paired by image, of the absolute "
        "errors."
    )
    images = [str(count) for count in asked.images]
    printed = [[way, *asked.printed[way]] for way in (*WAYS, "p")]
    return "\n\n".join([
        text,
        origin.above(found),
        table(["images of site B", *images], _rows(origin, asked, found)),
        _of_source(origin, found),
        f"As printed in {origin.paper}, Table V, of two hospitals (9,984 images of the first, columns of the second):",
        table(["images", *asked.printed["images"]], printed),
    ])  # fmt: skip


def _rows(origin: Origin, asked: Transfer, found: Mapping[str, Measured]) -> list[list[str]]:
    truth, lines = truth_months(origin.labels), []
    for way in WAYS:
        rows = [summarise(way, m.months, truth) if m else None for m in _of_way(asked, found, way)]
        lines.append([f"{way}: MAE ± SD, months", *(spread(row) if row else NOT_TRAINED for row in rows)])
        lines.append([f"{way}: 95 % CI of the MAE", *(interval(row.mae) if row else NONE for row in rows)])
    pairs = zip(*(_of_way(asked, found, way) for way in WAYS), strict=True)
    tests = [shown_ps(paired_test(a.errors, b.errors)) if a and b else [NONE, NONE] for a, b in pairs]
    lines.append(["t-test p", *(test[0] for test in tests)])
    lines.append(["Wilcoxon p", *(test[1] for test in tests)])
    return lines


def _of_way(asked: Transfer, found: Mapping[str, Measured], way: str) -> list[Measured | None]:
    return [found.get(f"{way} {images}") for images in asked.images]


def _of_source(origin: Origin, found: Mapping[str, Measured]) -> str:
    if "source" not in found:
        return f"Site A's reader: {NOT_TRAINED}."
    row = summarise("source", found["source"].months, truth_months(origin.labels))
    return f"Site A's reader, which saw no image of site B: {spread(row)} {interval(row.mae)} months."


def _folds(recipe: Recipe) -> str:
    folds = recipe.folds or ()
    return f"folds {folds[0]}-{folds[-1]}" if folds else "all training folds"
