"""Measure shipped weights on images they never saw: a table on the screen, Markdown and CSV in a folder."""

import csv
import hashlib
from dataclasses import asdict
from pathlib import Path

import numpy as np

from models.card import Card
from models.data.labels import Label
from models.data.radiographs import Radiographs, decode_radiographs, labels_of
from models.evaluation.conformal import measured_coverage
from models.evaluation.metrics import Array, Row, table, to_markdown
from models.evaluation.readings import read_months
from models.registry import load
from models.training.run import choose_device


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
    model = load(name, directory=weights_directory, device=choose_device(device))
    labels = choose(labels_of(data), fold, limit)
    if not labels:
        raise ValueError(f"{data}: no radiographs in fold {fold}")
    radiographs = decode_radiographs(data, labels)
    predicted = read_months(model.network, radiographs, model.card.input_size, device=choose_device(device))
    rows = table(radiographs.labels, predicted)
    truth = np.array([label.bone_age_months for label in radiographs.labels])
    coverage = measured_coverage(model.card.interval, predicted, truth)
    text = _document(model.card, fold, limit, rows, coverage)
    print(text)
    if output is not None:
        output.mkdir(parents=True, exist_ok=True)
        (output / f"{name}-fold{fold}.md").write_text(text, encoding="utf-8")
        _write_csv(output / f"{name}-fold{fold}.csv", radiographs, predicted)
    return rows


def choose(labels: tuple[Label, ...], fold: int, limit: int | None) -> tuple[Label, ...]:
    """Those of a fold; a limit takes those whose hashed ids come first, so that the choice never moves."""
    chosen = sorted(
        (label for label in labels if label.fold == fold),
        key=lambda label: hashlib.sha256(str(label.id).encode()).hexdigest(),
    )[:limit]
    return tuple(sorted(chosen, key=lambda label: label.id))


def _document(card: Card, fold: int, limit: int | None, rows: list[Row], coverage: float) -> str:
    command = f"dicom-node evaluate {card.name} --data DIR --fold {fold}" + (f" --limit {limit}" if limit else "")
    return (
        f"# {card.name} {card.version} on fold {fold}\n\n"
        f"Command: `{command}`. Weights sha256 `{card.sha256}`. {rows[0].count} images, flips averaged.\n\n"
        f"{to_markdown(rows)}\n\n"
        f"Share of readings inside the {card.interval.coverage:.0%} interval: {coverage:.1%} "
        f"({card.interval.method}). Months; the intervals of the MAE are percentile bootstraps over images. "
        f"Age groups are those of RegressionCNN Table III; images above 216 months count in the totals only.\n"
    )


def _write_csv(path: Path, radiographs: Radiographs, predicted: Array) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, ["id", "bone_age_months", "sex", "fold", "read_months"])
        writer.writeheader()
        for label, months in zip(radiographs.labels, predicted, strict=True):
            writer.writerow({**asdict(label), "read_months": round(float(months), 2)})
