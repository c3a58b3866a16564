"""`dicom-node commissioning`: the form that radiologists fill in, and the report of how node and radiologists agree."""

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path

import typer
from PIL import Image

from dicom_node.errors import NodeError
from dicom_node.operate.commissioning.document import LEAST_PAIRS, document
from dicom_node.operate.commissioning.pairs import Joined, join
from dicom_node.operate.commissioning.radiologist import MONTHS, READER, read_entries
from dicom_node.operate.stored_image import SHOWN
from dicom_node.settings import load
from dicom_node.spool.commissioned import KeptReading, kept_readings
from dicom_node.spool.layout import Layout
from models.evaluation.canvas import Picture
from models.evaluation.charts import bland_altman_chart

REPORT, PAIRS, PICTURE = "agreement.md", "pairs.csv", "bland-altman.png"


class TooFewReadings(NodeError):
    """There is nothing that could be compared."""

    code = "too-few-readings"


class ReportUnwritable(NodeError):
    """The folder or file cannot be written."""

    code = "report-unwritable"


def write_form(config: Path, output: Path) -> int:
    """A CSV with a line for each kept reading, the node's own left out so that it sways nobody.

    Raises SettingsInvalid, TooFewReadings, ReportUnwritable.
    """
    kept = _kept(config)
    rows = [
        {"id": each.key[:SHOWN], "sop_instance_uid": each.sop_instance_uid, READER: "", MONTHS: ""} for each in kept
    ]
    _write_csv(output, rows)
    typer.echo(f"{output}: {len(rows)} images; enter {MONTHS}")
    return 0


def write_report(config: Path, radiologist: Path, output: Path) -> int:
    """Write the report, the pairs and the picture into the folder; print what the report says of the numbers.

    Raises SettingsInvalid, EntriesInvalid, TooFewReadings, ReportUnwritable.
    """
    joined = join(_kept(config), read_entries(radiologist))
    if len(joined.pairs) < LEAST_PAIRS:
        raise TooFewReadings(
            f"{len(joined.pairs)} images were read by both, {LEAST_PAIRS} are needed for a report; "
            f"{len(joined.unknown)} lines name no kept reading"
        )
    command = f"dicom-node commissioning report --config {config} --radiologist {radiologist} --output {output}"
    text = document(joined, [PICTURE], command=command)
    try:
        output.mkdir(parents=True, exist_ok=True)
        (output / REPORT).write_text(text, encoding="utf-8")
        Image.fromarray(_picture(joined)).save(output / PICTURE)
    except OSError as error:
        raise ReportUnwritable(f"{output}: {error.strerror}") from None
    _write_csv(output / PAIRS, pair_rows(joined))
    typer.echo(text.partition("## Bias")[0].partition("enough?\n\n")[2].strip())
    typer.echo(f"{output / REPORT}")
    return 0


def pair_rows(joined: Joined) -> list[dict[str, object]]:
    """A row a pair, in the columns that `calibrate --readings` takes, with date and interval."""
    rows = []
    for each in joined.pairs:
        low, high = each.kept.interval_months or ("", "")
        rows.append(
            {
                "id": each.kept.key[:SHOWN],
                "read_at": f"{each.kept.read_at:%Y-%m-%d}",
                "sex": each.kept.sex,
                "bone_age_months": round(each.radiologist_months, 2),
                "read_months": round(each.kept.bone_age_months or 0.0, 2),
                "interval_low": low,
                "interval_high": high,
                "readers": each.readers,
            }
        )
    return rows


def _kept(config: Path) -> tuple[KeptReading, ...]:
    kept = kept_readings(Layout(load(config).storage.directory))
    if not kept:
        raise TooFewReadings("no reading is kept: set mode: commissioning, and let the node read some images")
    return kept


def _picture(joined: Joined) -> Picture:
    return bland_altman_chart("Node and radiologist", joined.labels, joined.read_months, against="radiologist")


def _write_csv(path: Path, rows: Sequence[Mapping[str, object]]) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)
    except OSError as error:
        raise ReportUnwritable(f"{path}: {error.strerror}") from None
