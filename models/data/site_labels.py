"""The label file of a site: each row as a label, or as a finding that names its line."""

import csv
from collections.abc import Iterator
from dataclasses import dataclass

from models.data.findings import Finding, fail
from models.data.labels import Label, Split
from models.data.site import Folds, LabelFile, Site, Unit

OLDEST_MONTHS = 240
"""Of a bone age; chronological ages may be higher."""
_OLDEST_PATIENT_MONTHS = 360
Row = dict[str, str]


@dataclass(frozen=True)
class SiteLabel(Label):
    """A label of a site. id: its line in the label file.

    image: as the label file names it. patient: who never crosses folds. use: what its fold is for.
    """

    image: str = ""
    patient: str = ""
    use: Split = Split.TRAIN
    chronological_age_months: float | None = None

    @property
    def split(self) -> Split:
        return self.use


class _RowFault(ValueError):
    """A row that makes no label: kind, what is wrong, what to do."""


def read_site_labels(site: Site) -> tuple[tuple[SiteLabel, ...], tuple[Finding, ...]]:
    """Labels in file order, and what kept other rows from being one. Nothing is raised: every fault is a finding."""
    file = site.labels
    try:
        with file.path.open(encoding=file.encoding, newline="") as stream:
            reader = csv.DictReader(stream, delimiter=file.delimiter, strict=True, restval="")
            missing = [name for name in site.columns.named if name not in (reader.fieldnames or ())]
            if missing:
                return (), (_missing_columns(site, missing, list(reader.fieldnames or ())),)
            return _labels(site, reader)
    except OSError as error:
        wrong, remedy = f"cannot be read ({type(error).__name__})", f"correct labels.file in {site.path}"
        return (), (fail("label-file", str(file.path), wrong, remedy),)
    except (UnicodeDecodeError, LookupError):
        remedy = f"set labels.encoding in {site.path}, for example cp1252"
        return (), (fail("label-file", str(file.path), f"is not text in {file.encoding}", remedy),)
    except csv.Error as error:
        return (), (fail("label-file", str(file.path), f"is no CSV: {error}", "save it again as CSV"),)


def _missing_columns(site: Site, missing: list[str], present: list[str]) -> Finding:
    wrong = f"has no column {', '.join(missing)}; it has {', '.join(present) or 'none'}"
    return fail("columns", f"{site.labels.path}:1", wrong, f"correct columns or labels.delimiter in {site.path}")


def _labels(site: Site, reader: "csv.DictReader[str]") -> tuple[tuple[SiteLabel, ...], tuple[Finding, ...]]:
    labels: list[SiteLabel] = []
    findings: list[Finding] = []
    for row, line in _rows(reader):
        try:
            labels.append(_label(site, row, line))
        except _RowFault as fault:
            kind, wrong, remedy = fault.args
            findings.append(fail(kind, f"{site.labels.path}:{line}", wrong, remedy))
    if not labels and not findings:
        findings.append(fail("label-file", str(site.labels.path), "has no rows", "add a row for each image"))
    return tuple(labels), tuple(findings)


def _rows(reader: "csv.DictReader[str]") -> Iterator[tuple[Row, int]]:
    """Each row that is not blank, stripped, with the line it ends in."""
    for row in reader:
        stripped = {key: value.strip() for key, value in row.items() if isinstance(value, str)}
        if any(stripped.values()):
            yield stripped, reader.line_num


def _label(site: Site, row: Row, line: int) -> SiteLabel:
    columns = site.columns
    image = _filled(row, columns.image)
    months = _months(row, columns.bone_age, site.labels, site.bone_age_unit, OLDEST_MONTHS)
    sex = site.sex_codes.sex_of(_filled(row, columns.sex))
    if sex is None:
        remedy = f"correct it, or add its code to sex_codes in {site.path}"
        raise _RowFault("sex", f"{columns.sex} is neither female nor male", remedy)
    patient = _filled(row, columns.patient) if columns.patient else image
    fold = _fold(row, columns.fold, site.folds) if columns.fold else site.folds.of_patient(patient)
    age = None
    if columns.chronological_age and row.get(columns.chronological_age):
        age = _months(row, columns.chronological_age, site.labels, site.chronological_age_unit, _OLDEST_PATIENT_MONTHS)
    return SiteLabel(line, months, sex, fold, image, patient, site.folds.uses[fold], age)


def _filled(row: Row, column: str) -> str:
    value = row.get(column, "")
    if not value:
        raise _RowFault("empty", f"{column} is empty", "fill it, or take the row out")
    return value


def _months(row: Row, column: str, file: LabelFile, unit: Unit, most: float) -> float:
    text = _filled(row, column)
    try:
        months = float(text.replace(",", ".") if file.decimal == "," else text) * unit.in_months
    except ValueError:
        remedy = "write a number alone; labels.decimal says which decimal sign is meant"
        raise _RowFault("number", f"{column} is no number", remedy) from None
    if not 0 < months <= most:
        wrong = f"{column} is {months:g} months, read in {unit}; above 0 to {most:g} months are taken"
        raise _RowFault("range", wrong, "correct it, or units in the site's file")
    return months


def _fold(row: Row, column: str, folds: Folds) -> int:
    text = _filled(row, column)
    if not text.isdecimal() or int(text) not in folds.uses:
        raise _RowFault(
            "fold", f"{column} is none of 0 to {folds.count - 1}", "correct it, or folds in the site's file"
        )
    return int(text)
