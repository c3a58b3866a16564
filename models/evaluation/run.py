"""Measure shipped weights on images they never saw: a table on the screen; Markdown, CSV and pictures in a folder.

1. choose the images of a fold; 2. read them with each model; 3. compare, damage, look where the models look, as asked;
4. write. The steps are pure but for reading the data and writing the folder.
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from itertools import chain
from pathlib import Path

import numpy as np
from PIL import Image

from models.data.labels import Label
from models.data.radiographs import Radiographs, decode_radiographs, labels_of
from models.evaluation.activation import hiding_changes, hiding_markdown, mean_maps, read_maps, summarise_hiding
from models.evaluation.canvas import Picture
from models.evaluation.charts import (
    activation_chart,
    bland_altman_chart,
    ccs_chart,
    error_by_age_chart,
    scatter_chart,
)
from models.evaluation.comparison import compare
from models.evaluation.conformal import measured_coverage
from models.evaluation.contact_sheet import contact_sheet
from models.evaluation.csv_files import figure_columns, label_columns, write_csv
from models.evaluation.document import Result, comparison_section, document, provenance
from models.evaluation.metrics import Row, table, truth_months
from models.evaluation.pixels import read_pixels
from models.evaluation.plan import Plan
from models.evaluation.readings import cropped
from models.evaluation.robustness import measure_robustness, robustness_markdown
from models.evaluation.stages import confuse
from models.evaluation.subject import Subject, load_subject, require_own_names
from models.training.follow import choose_device


def evaluate(
    name: str,
    *,
    data: Path,
    fold: int = 9,
    output: Path | None = None,
    limit: int | None = None,
    weights_directory: Path | None = None,
    device: str = "auto",
) -> list[Row]:
    """Rows of the whole fold, by sex and by age group; with `limit` on so many images, chosen by a hash of their id."""
    plan = Plan((name,), fold, limit=limit)
    results = evaluate_plan(plan, data=data, output=output, weights_directory=weights_directory, device=device)
    return results[0].rows


def evaluate_plan(
    plan: Plan, *, data: Path, output: Path | None = None, weights_directory: Path | None = None, device: str = "auto"
) -> list[Result]:
    """Measure all models of a plan on the same images; print the document, and write it with all else to `output`."""
    device = choose_device(device)
    if plan.contact_sheet and output is None:
        raise ValueError("--contact-sheet needs --output")
    subjects = [load_subject(name, directory=weights_directory, device=device) for name in plan.models]
    require_own_names(subjects)
    radiographs = _chosen(plan, data)
    labels = radiographs.labels
    results = [measure(plan, subject, _seen_by(subject, radiographs, data)) for subject in subjects]
    sections = dict(_comparisons(plan, results, labels))
    if plan.robustness:
        sections |= dict(_robustness(plan, subjects, data, labels))
    pictures = _pictures(plan, results, radiographs) if output is not None else {}
    if plan.activation:
        looks = [_activation(plan, subject, _seen_by(subject, radiographs, data), device) for subject in subjects]
        sections |= {title: text for title, text, _ in looks}
        pictures |= dict(chain.from_iterable(drawn.items() for _, _, drawn in looks))
    text = document(plan, results, sections)
    print(text)
    if output is not None:
        write(output, plan, text, results, labels, pictures)
    return results


def _chosen(plan: Plan, data: Path) -> Radiographs:
    labels = choose(labels_of(data), plan.fold, plan.limit)
    if not labels:
        raise ValueError(f"{data}: no radiographs in fold {plan.fold}")
    return decode_radiographs(data, labels)


def _seen_by(subject: Subject, radiographs: Radiographs, data: Path) -> Radiographs:
    """The radiographs as the subject reads them: decoded again where it has a chain of its own."""
    chain = subject.model.card.chain if subject.model is not None else None
    return radiographs if chain is None else decode_radiographs(data, radiographs.labels, chain)


def choose(labels: tuple[Label, ...], fold: int, limit: int | None) -> tuple[Label, ...]:
    """Those of a fold; a limit takes those whose hashed ids come first, so that the choice never moves."""
    chosen = sorted(
        (label for label in labels if label.fold == fold),
        key=lambda label: hashlib.sha256(str(label.id).encode()).hexdigest(),
    )[:limit]
    return tuple(sorted(chosen, key=lambda label: label.id))


def measure(plan: Plan, subject: Subject, radiographs: Radiographs) -> Result:
    """Read the images with one model and put its figures together."""
    predicted = subject.read(radiographs)
    truth = truth_months(radiographs.labels)
    interval = subject.interval
    coverage = None if interval is None else measured_coverage(interval, predicted, truth)
    edges = plan.stage_edges_months
    confusion = confuse(predicted, truth, edges) if edges else None
    return Result(subject, predicted, table(radiographs.labels, predicted, plan.by), coverage, confusion)


def _comparisons(plan: Plan, results: Sequence[Result], labels: tuple[Label, ...]) -> list[tuple[str, str]]:
    by_name = dict(zip(plan.models, results, strict=True))
    sections = []
    for first, second in ((by_name[one], by_name[other]) for one, other in plan.pairs):
        rows = compare(labels, first.predicted, second.predicted, plan.by)
        sections.append(comparison_section(plan, (first.subject, second.subject), rows))
    return sections


def _robustness(
    plan: Plan, subjects: Sequence[Subject], data: Path, labels: tuple[Label, ...]
) -> list[tuple[str, str]]:
    images = read_pixels(data, labels)
    sections = []
    for subject in subjects:
        rows = measure_robustness(subject.read, images, labels)
        views = "flips averaged where no row says otherwise"
        text = f"{provenance(plan, len(labels), [subject], views)}\n\n{robustness_markdown(rows)}"
        sections.append((f"Robustness of {subject.name}", text))
    return sections


def _activation(
    plan: Plan, subject: Subject, radiographs: Radiographs, device: str
) -> tuple[str, str, dict[str, Picture]]:
    """Title, text and picture of where a model looks."""
    model = subject.model
    if model is None:
        raise ValueError(f"{subject.name} has no activation map")
    size, channels = model.card.input_size, model.card.channels
    seen = cropped(radiographs, model, device)
    _, maps = read_maps(model.network, seen, size, device=device, channels=channels)
    everything = mean_maps(radiographs.labels, maps, plan.by)
    finest = [group for group in everything if group.group.count(",") == len(plan.by) - 1 and group.group != "all"]
    changes = hiding_changes(model.network, seen, size, device=device, channels=channels)
    check = summarise_hiding(changes)
    text = f"{provenance(plan, len(radiographs), [subject], 'read without flips')}\n\n{hiding_markdown(check)}"
    title = f"Mean activation of {subject.name} {subject.version}"
    picture = activation_chart(title, finest or everything[:1])
    return f"Activation of {subject.name}", text, {f"{subject.name}-fold{plan.fold}-activation.png": picture}


def _pictures(plan: Plan, results: Sequence[Result], radiographs: Radiographs) -> dict[str, Picture]:
    """File name and picture: three of each model, one of all, and the contact sheets where asked."""
    labels, truth = radiographs.labels, truth_months(radiographs.labels)
    errors = {result.subject.name: np.abs(result.predicted - truth) for result in results}
    pictures = {f"{plan.stem}-ccs.png": ccs_chart(f"Cumulative correct score on fold {plan.fold}", errors)}
    charts: dict[str, Callable[..., Picture]] = {"scatter": scatter_chart, "age": error_by_age_chart}
    if len(labels) > 1:
        charts["bland-altman"] = bland_altman_chart
    for result in results:
        title = f"{result.subject.name} {result.subject.version} on fold {plan.fold}"
        base = f"{result.subject.name}-fold{plan.fold}"
        pictures |= {f"{base}-{kind}.png": draw(title, labels, result.predicted) for kind, draw in charts.items()}
        if plan.contact_sheet:
            pictures[f"{base}-contact-sheet.png"] = contact_sheet(radiographs, result.predicted, title=title)
    return pictures


def write(
    folder: Path, plan: Plan, text: str, results: Sequence[Result], labels: tuple[Label, ...],
    pictures: Mapping[str, Picture],
) -> None:  # fmt: skip
    """The document with its pictures, a CSV of readings for each model, and one of all figures."""
    folder.mkdir(parents=True, exist_ok=True)
    shown = [name for name in pictures if not name.endswith("-contact-sheet.png")]
    links = "".join(f"\n![{Path(name).stem}]({name})\n" for name in shown)
    (folder / f"{plan.stem}.md").write_text(text + links, encoding="utf-8")
    for name, picture in pictures.items():
        Image.fromarray(picture).save(folder / name)
    write_csv(folder / f"{plan.stem}-figures.csv", [row for result in results for row in _figures(plan, result)])
    for result in results:
        write_csv(folder / f"{result.subject.name}-fold{plan.fold}.csv", _readings(labels, result))


def _figures(plan: Plan, result: Result) -> list[dict[str, object]]:
    subject = result.subject
    origin = {"model": subject.name, "version": subject.version, "sha256": subject.sha256, "command": plan.command}
    return figure_columns(origin, result.rows)


def _readings(labels: tuple[Label, ...], result: Result) -> list[dict[str, object]]:
    pairs = zip(labels, result.predicted, strict=True)
    return [{**label_columns(label), "read_months": round(float(months), 2)} for label, months in pairs]
