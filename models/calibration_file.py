"""A site's calibration as a small JSON file that carries the hash of its own content."""

import hashlib
import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from models.calibration import SEXES, Calibration
from models.card import Interval
from models.durable import write_durably

FORMAT = 1


def fingerprint(calibration: Calibration) -> str:
    """Hex sha256 of everything in the calibration."""
    return _hash(_content(calibration))


def write_calibration(calibration: Calibration, path: Path) -> str:
    """Write it whole or not at all; returns its hash."""
    content = _content(calibration)
    document = {**content, "sha256": _hash(content)}
    path.parent.mkdir(parents=True, exist_ok=True)
    write_durably(path, json.dumps(document, indent=2, ensure_ascii=False) + "\n")
    return str(document["sha256"])


def read_calibration(path: Path) -> Calibration:
    """Raises ValueError that names the file where it is missing, no calibration, or was altered."""
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        said, form = document.pop("sha256"), document["format"]
    except OSError as error:
        raise ValueError(f"{path}: {error.strerror}; make it with `dicom-node calibrate`") from None
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise ValueError(f"{path}: not a calibration: {error}") from None
    if form != FORMAT:
        raise ValueError(f"{path}: format {form} of calibrations is not known here; calibrate again")
    if _hash(document) != said:
        raise ValueError(f"{path}: altered since it was made; put the file back, or calibrate again")
    try:
        return _calibration(document)
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"{path}: not a calibration: {error}") from None


def _content(calibration: Calibration) -> dict[str, Any]:
    """As it is read back: lists for tuples."""
    content: dict[str, Any] = json.loads(json.dumps({"format": FORMAT, **asdict(calibration)}, allow_nan=False))
    return content


def _hash(content: dict[str, Any]) -> str:
    canonical = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(canonical.encode()).hexdigest()


def _calibration(content: dict[str, Any]) -> Calibration:
    values = {key: value for key, value in content.items() if key != "format"}
    interval = values.pop("interval")
    knots = tuple(float(knot) for knot in values.pop("knots_months"))
    biases = {sex: tuple(float(bias) for bias in values["bias_months"][sex]) for sex in SEXES}
    if any(len(of_sex) != len(knots) for of_sex in biases.values()):
        raise ValueError("a bias for each knot is needed")
    ages, widths = tuple(interval.pop("age_edges_months")), tuple(interval.pop("half_widths_months"))
    return Calibration(
        **{**values, "bias_months": biases},
        knots_months=knots,
        interval=Interval(**interval, age_edges_months=ages, half_widths_months=widths),
    )
