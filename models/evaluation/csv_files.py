"""The CSVs of an evaluation: what stands in a row, and writing them whole or not at all."""

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

from models.data.labels import Label
from models.durable import write_durably
from models.evaluation.metrics import Row

LABEL_COLUMNS = ("id", "bone_age_months", "sex", "fold")
"""Of a site's label only these columns: no patient, no path."""


def label_columns(label: Label) -> dict[str, object]:
    """What a row says of its image."""
    return {column: getattr(label, column) for column in LABEL_COLUMNS}


def figure_columns(origin: Mapping[str, object], rows: Sequence[Row]) -> list[dict[str, object]]:
    """A row a group, with where its figures come from in front: model, version, sha256 and command."""
    return [{**origin, **_flat(row)} for row in rows]


def _flat(row: Row) -> dict[str, object]:
    values = asdict(row)
    mae = values.pop("mae")
    return {**values, "mae": mae["value"], "mae_low": mae["low"], "mae_high": mae["high"]}


def write_csv(path: Path, rows: Sequence[Mapping[str, object]]) -> None:
    """rows: at least one, all with the columns of the first."""
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    write_durably(path, text.getvalue())
