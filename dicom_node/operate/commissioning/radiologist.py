"""What radiologists entered: a CSV with a line an image."""

import csv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from dicom_node.errors import NodeError

IDS = ("sop_instance_uid", "id")
"""Columns that name the image; one of them is needed. `id` is the beginning of the ID that the form gives."""
MONTHS, READER = "bone_age_months", "reader"
OLDEST_MONTHS = 240.0
DELIMITERS = ",;\t"


class EntriesInvalid(NodeError):
    """The radiologists' file cannot be read, or a line of it says something impossible."""

    code = "entries-invalid"


@dataclass(frozen=True)
class Entry:
    """One reading of one image. image: SOP Instance UID, or the beginning of an ID. reader: empty for the only one."""

    line: int
    image: str
    bone_age_months: float
    reader: str = ""


def read_entries(path: Path) -> tuple[Entry, ...]:
    """Lines that have a bone age; the others were not read. Raises EntriesInvalid that names the line.

    Separated by commas, semicolons or tabs; the decimal sign is a point, or a comma where no comma separates.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise EntriesInvalid(f"{path}: is no UTF-8 text that can be read ({type(error).__name__})") from None
    delimiter = max(DELIMITERS, key=text.partition("\n")[0].count)
    rows = csv.DictReader(text.splitlines(), delimiter=delimiter, restval="")
    columns = [(name or "").strip().lower() for name in rows.fieldnames or ()]
    rows.fieldnames = columns
    if MONTHS not in columns or not set(IDS) & set(columns):
        raise EntriesInvalid(f"{path}:1: needs the columns {MONTHS} and {' or '.join(IDS)}; has {', '.join(columns)}")
    return tuple(_entries(rows, path, decimal_comma=delimiter != ","))


def _entries(rows: "csv.DictReader[str]", path: Path, *, decimal_comma: bool) -> Iterator[Entry]:
    seen: dict[tuple[str, str], int] = {}
    for row in rows:
        entry = _entry(row, rows.line_num, path, decimal_comma)
        if entry is None:
            continue
        before = seen.setdefault((entry.image, entry.reader), entry.line)
        if before != entry.line:
            remedy = f"keep one, or name who read each in a column {READER}"
            raise EntriesInvalid(f"{path}:{entry.line}: the image of line {before} again: {remedy}")
        yield entry


def _entry(row: Mapping[str, str], line: int, path: Path, decimal_comma: bool) -> Entry | None:
    values = {name: (value or "").strip() for name, value in row.items() if name and isinstance(value, str)}
    text = values.get(MONTHS, "")
    if not text:
        return None
    image = next((values[name] for name in IDS if values.get(name)), "")
    if not image:
        raise EntriesInvalid(f"{path}:{line}: a bone age without {' or '.join(IDS)}")
    try:
        months = float(text.replace(",", ".") if decimal_comma else text)
    except ValueError:
        raise EntriesInvalid(f"{path}:{line}: {MONTHS} is no number; write months, as 125.5") from None
    if not 0 < months <= OLDEST_MONTHS:
        raise EntriesInvalid(f"{path}:{line}: {MONTHS} is {months:g}; above 0 to {OLDEST_MONTHS:g} are taken")
    return Entry(line, image, months, values.get(READER, ""))
