"""What `predict` says of one file: as a JSON line, and as a line of a table. Pure."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.table import Table

from pipelines.contract import Enhancement, FoundBone, Maturity, ModelIdentity, ReaderReading, Reading, Refusal, Sex


@dataclass(frozen=True)
class Failure:
    """The file could not be read at all: a stable code, and a sentence without patient data."""

    code: str
    detail: str


@dataclass(frozen=True)
class Prediction:
    """One file's outcome. sex: that it was read with. seconds: from opening the file to the last byte written."""

    file: Path
    outcome: Reading | Refusal | Failure
    seconds: float
    sex: Sex | None = None

    @property
    def failed(self) -> bool:
        return isinstance(self.outcome, Failure)


def json_line(prediction: Prediction) -> str:
    """The line of `--json`; months to one decimal. "refusal" holds the code of a refusal or a failure."""
    return json.dumps(_values(prediction), ensure_ascii=False)


def _values(prediction: Prediction) -> dict[str, Any]:
    outcome = prediction.outcome
    values: dict[str, Any] = {
        "file": str(prediction.file),
        "status": "failed" if prediction.failed else "refused",
        "bone_age_months": None,
        "interval_months": None,
        "readings": [],
        "sex": prediction.sex,
        "refusal": None,
        "warnings": [],
        "bones": [],
        "missing_bones": {},
        "quality": None,
        "improved": [],
        "models": [],
        "seconds": round(prediction.seconds, 3),
    }
    if not isinstance(outcome, Reading):
        return values | {"refusal": str(outcome.code)}
    graded = {"maturity": [_maturity(each) for each in outcome.maturity]} if outcome.maturity else {}
    return (
        values
        | graded
        | {
            "status": "read",
            "bone_age_months": _rounded(outcome.bone_age_months),
            "interval_months": _interval(outcome.interval_months),
            "readings": [_reading(each) for each in outcome.readings],
            "warnings": [str(code) for code in outcome.warnings],
            "bones": [_bone(each) for each in outcome.bones],
            "missing_bones": {str(each.bone): str(each.fault) for each in outcome.missing_bones},
            "quality": str(outcome.quality) if outcome.quality else None,
            "improved": [_improved(each) for each in outcome.enhancements],
            "models": [_model(each) for each in outcome.models],
        }
    )


def _reading(reading: ReaderReading) -> dict[str, Any]:
    return {
        "sex": str(reading.sex),
        "reader": reading.reader,
        "bone_age_months": _rounded(reading.bone_age_months),
        "interval_months": _interval(reading.interval_months),
    }


def _bone(found: FoundBone) -> dict[str, Any]:
    """box: left, top, right, bottom in pixels of the original frame, from its outer corner; then what was read."""
    box = [round(edge, 1) for edge in (found.left, found.top, found.right, found.bottom)]
    said = {
        "level": found.level,
        "level_score": found.level_score,
        "bone_age_months": _rounded(found.bone_age_months),
        "interval_months": _interval(found.interval_months),
    }
    there = {name: value for name, value in said.items() if value is not None}
    return {"bone": str(found.bone), "box": box, "score": round(found.score, 3), **there}


def _maturity(one: Maturity) -> dict[str, Any]:
    """What the levels of the bones say together for one sex; end: of the scale at which the bone age stands."""
    return {
        "scale": one.scale,
        "method": one.method,
        "sex": str(one.sex),
        "score": round(one.score, 1),
        "bone_age_months": _rounded(one.bone_age_months),
        "interval_months": _interval(one.interval_months),
        "end": str(one.end) if one.end else None,
    }


def _improved(one: Enhancement) -> dict[str, Any]:
    """Both readings of an image that was improved; in_front: the one that counts."""
    return {
        "method": one.method,
        "sex": str(one.original.sex),
        "original_months": _rounded(one.original.bone_age_months),
        "improved_months": _rounded(one.improved.bone_age_months),
        "in_front": "improved" if one.in_front else "original",
    }


def _model(model: ModelIdentity) -> dict[str, str]:
    return {"name": model.name, "version": model.version, "sha256": model.sha256}


def _rounded(months: float | None) -> float | None:
    return None if months is None else round(months, 1)


def _interval(interval: tuple[float, float] | None) -> list[float] | None:
    return None if interval is None else [round(bound, 1) for bound in interval]


def table(predictions: Sequence[Prediction]) -> Table:
    """For people: a line a reading."""
    grid = Table(box=None, pad_edge=False)
    for heading in ("file", "sex", "bone age", "95 % interval", "remarks"):
        grid.add_column(heading, no_wrap=True)
    for prediction in predictions:
        for row in _rows(prediction):
            grid.add_row(*row)
    return grid


def _rows(prediction: Prediction) -> list[tuple[str, str, str, str, str]]:
    outcome, file = prediction.outcome, str(prediction.file)
    if not isinstance(outcome, Reading):
        status = "failed" if prediction.failed else "refused"
        return [(file, str(prediction.sex or ""), "", "", f"{status}: {outcome.code}. {outcome.detail}")]
    remarks = ", ".join(str(code) for code in outcome.warnings)
    return [
        (file, str(each.sex), _age(each.bone_age_months), _bounds(each.interval_months), remarks)
        for each in outcome.readings
    ]


def _age(months: float) -> str:
    whole = round(months)
    return f"{whole // 12} y {whole % 12} m ({months:.1f} months)"


def _bounds(interval: tuple[float, float]) -> str:
    return f"{interval[0]:.1f} to {interval[1]:.1f}"
