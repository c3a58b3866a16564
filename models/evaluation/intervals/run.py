"""Write the page about ages as classes: what was trained, asked for the images of one fold.

1. read the specification; 2. choose images; 3. ask every run that was trained; 4. write the tables and pictures. What a
run lacks is a cell that says so, and a command at the end.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from models.data.labels import Split
from models.data.radiographs import decode_radiographs, labels_of
from models.evaluation.intervals import tables
from models.evaluation.intervals.curves import accuracy_chart, loss_chart
from models.evaluation.intervals.measurements import IntervalMeasurements, Told
from models.evaluation.intervals.specification import (
    IntervalSpecification,
    read_interval_specification,
    train_command,
)
from models.evaluation.metrics import Array, truth_months
from models.evaluation.paper.origin import NOT_TRAINED, remarks, table
from models.evaluation.poor.loading import is_there, load_reader
from models.evaluation.readings import read_with
from models.evaluation.run import choose
from models.evaluation.stages import confusion_markdown
from models.interval_net.scale import Cut
from models.interval_net.transforms import STRENGTHS

CHARTS = {"accuracy": ("Accuracy", accuracy_chart), "loss": ("Cross-entropy", loss_chart)}
"""Of each run that is shown, by the end of the file's name."""


@dataclass(frozen=True)
class Material:
    """All that the parts of the page are made of. found: by run; None where it was not trained."""

    asked: IntervalSpecification
    measured: IntervalMeasurements
    runs: Path
    fold: int

    @property
    def found(self) -> dict[str, Told | None]:
        names = [cell.run for cell in self.asked.cells()]
        names += [row.run for row in self.asked.chain.values()]
        return {name: self.measured.of(name) for name in names}


def write_intervals(
    path: Path, *, runs: Path, data: Path, output: Path, fold: int = 9, limit: int | None = None
) -> Path:
    """Write OUTPUT.md, as the specification at `path` asks, of the folders below `runs`; pictures go into OUTPUT.

    limit: a fixed choice of so many images. Raises ValueError where the specification, a run or the data is at fault.
    """
    asked = read_interval_specification(path)
    wanted = tuple(label for label in labels_of(data) if label.split is not Split.CALIBRATE)
    labels = choose(wanted, fold, limit)
    if not labels:
        raise ValueError(f"{data}: no radiographs in fold {fold}")
    material = Material(asked, IntervalMeasurements(runs, data, labels, fold), runs, fold)
    command = f"dicom-node evaluate-intervals {path.as_posix()} --runs DIR --data DIR --output OUTPUT --fold {fold}"
    command += f" --limit {limit}" if limit else ""
    output.mkdir(parents=True, exist_ok=True)
    parts = [f"# {asked.title}", _first(material, command), *remarks(asked.remarks)]
    parts += [*_accuracies(material), *_sex(material)]
    parts += [*_chain(material), *_shown(material, output), *_ages(material), *_missing(material), *_weights(material)]
    page = output.with_suffix(".md")
    page.write_text("\n\n".join(parts) + "\n", encoding="utf-8")
    return page


def _first(material: Material, command: str) -> str:
    return (
        f"The mechanisms of {material.asked.paper} at a size that two CPU cores train; research use only. "
        f"{len(material.measured.labels)} images of fold {material.fold}, flips averaged. Command: `{command}`. "
        "Training accuracy is that of the epoch whose weights were kept, of images as they were augmented while the "
        "network still moved; validation accuracy is of the even ids of fold 8, which choose that epoch. The paper's "
        "accuracies are of other images and of networks that began with ImageNet's weights: quoted, never ours."
    )


def _accuracies(material: Material) -> list[str]:
    """The paper's table, of each way to cut ages, with the sex and without."""
    parts = ["## Accuracy"]
    for cut in material.asked.cuts:
        for sex in (True, False):
            cells = list(material.asked.cells(cut=cut, sex=sex))
            printed = material.asked.printed if cut is Cut.EQUAL_WIDTH else {}
            words = f"### Classes of {cut.replace('_', ' ')}, {'with' if sex else 'without'} the sex"
            parts += [words, tables.accuracy_table(cells, material.found, printed, fold=material.fold)]
            parts += tables.commonest_lines(cells, material.found)
    return [*parts, "The paper does not say with which of its rows the sex was given."]


def _sex(material: Material) -> list[str]:
    """The claim about edges of classes."""
    pairs = [
        pair
        for cut in material.asked.cuts
        for pair in zip(*(material.asked.cells(cut=cut, sex=sex) for sex in (True, False)), strict=True)
    ]
    near = material.asked.edge_months
    return [
        "## What the sex brings, and where",
        "The paper finds the sex most useful at the edges of classes. Percentage points of accuracy that it brings to "
        f"the same images, by the age of the label: near is at most {near:g} months from an inner edge. The claim says "
        "that near minus far is above zero; brackets are 95 % bootstraps over images. The arrow is the MAE of the "
        "expected age without and with the sex; p is Wilcoxon's, paired.",
        tables.sex_table(pairs, material.found, near),
    ]


def _chain(material: Material) -> list[str]:
    return [
        "## The preprocessing chain",
        f"Each step switched off alone, and all of them; five classes, with the sex. {STRENGTHS} "
        "p: against the whole chain, of absolute errors of the expected age, Wilcoxon's test; not corrected for the "
        "number of tests.",
        tables.chain_table(material.asked.chain, material.found, fold=material.fold),
    ]


def _shown(material: Material, output: Path) -> list[str]:
    """Confusion and curves of some runs (Fig. 8 to 13)."""
    parts = ["## Confusion and curves"]
    for run in material.asked.shown:
        told = material.measured.of(run)
        if told is None:
            parts.append(f"`{run}`: {NOT_TRAINED}.")
            continue
        parts += [f"### {run}", confusion_markdown(tables.confusion_told(told))]
        for name, (words, draw) in CHARTS.items():
            Image.fromarray(draw(f"{words} by epoch", told)).save(output / f"{run}-{name}.png")
            parts.append(f"![{words} by epoch]({output.name}/{run}-{name}.png)")
    return parts


def _ages(material: Material) -> list[str]:
    """The expected age of what ships, beside readers that regress."""
    rows = dict(_ages_of(material, (material.asked.reader, *material.asked.beside)))
    return [
        "## The expected age beside regressors",
        "The mean of the class centres, which are the mean ages of the training images of each class, by their "
        "probabilities.",
        tables.ages_table(rows),
    ]


def _ages_of(material: Material, names: tuple[str, ...]) -> Iterator[tuple[str, Array | None]]:
    for name in names:
        if not is_there(name, material.runs):
            yield name, None
            continue
        reader, labels = load_reader(name, material.runs), material.measured.labels
        months = read_with(reader, decode_radiographs(material.measured.data, labels, reader.card.chain))
        yield name, np.abs(months - truth_months(labels))


def _missing(material: Material) -> list[str]:
    asked: dict[str, str] = {cell.run: cell.command for cell in material.asked.cells()}
    asked |= {row.run: row.command for row in material.asked.chain.values()}
    rows = [[f"`{run}`", f"`{command}`"] for run, command in asked.items() if material.found[run] is None]
    if not is_there(material.asked.reader, material.runs):
        rows.append(
            [f"`{material.asked.reader}`", f"`{train_command(material.asked.reader, material.asked.reader, {})}`"]
        )
    for network in material.asked.networks.values():
        recipe = f"interval_net.{network}.paper"
        rows.append([f"`{recipe}`", f"`{train_command(recipe, recipe, {})} --device cuda`"])
    return ["## Not trained", "RUNS: the folder of runs.", table(["run", "command"], rows, 2)]


def _weights(material: Material) -> list[str]:
    rows = [[f"`{run}`", f"`{told.sha256[:12]}`"] for run, told in material.found.items() if told is not None]
    return ["## Weights", table(["run", "sha256"], rows, 2) if rows else NOT_TRAINED]
