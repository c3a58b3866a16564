"""Calibrate a site: its readings in, a calibration file and a page with the figures before and after out.

In order: take the readings from a CSV, or read a site's radiographs with the weights; fit; measure by
cross-validation; write the file; return the page.
"""

import csv
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from models import registry
from models.calibration import SEXES, Array, Calibration, Cases, apply, cross_coverage, fit, require_weights, within
from models.calibration_file import read_calibration, write_calibration
from models.card import Task
from models.data.labels import Label
from models.data.radiographs import decode_radiographs, labels_of
from models.evaluation.metrics import AGE_GROUPS_MONTHS, Row, table, to_markdown
from models.evaluation.readings import read_with
from models.training.follow import choose_device

TEST_FOLD = 9


def calibrate(
    name: str,
    *,
    site: str,
    output: Path,
    readings: Path | None = None,
    data: Path | None = None,
    folds: Sequence[int] = (8,),
    weights_directory: Path | None = None,
    device: str = "auto",
) -> str:
    """Write the calibration of a site for the weights `name` to `output`; returns a Markdown page.

    readings: a CSV with id, bone_age_months, sex, read_months (as `evaluate` writes it) and perhaps patient, read with
    these very weights. data, folds: or a folder of radiographs to read now. Raises ValueError that says what is wrong.
    """
    if (readings is None) == (data is None):
        raise ValueError("give the site's cases with --readings or with --data, not both")
    card = registry.verify(name, directory=weights_directory)
    card.require(Task.BONE_AGE)
    cases = read_cases(readings) if readings else _cases_of(name, data, folds, weights_directory, device)
    bare, held_out = fit(cases, card, site=site)
    inside = cross_coverage(held_out, cases, bare.interval.coverage)
    before, after = _rows(cases, cases.predicted), _rows(cases, held_out)
    metrics = {
        "method": "5-fold cross-validation by patient or image",
        "before": _figures(before, _coverage(cases, within(card.reading_interval(), cases.predicted, cases.truth))),
        "after": _figures(after, _coverage(cases, inside)),
    }
    calibration = replace(bare, metrics=metrics)
    sha256 = write_calibration(calibration, output)
    return _page(calibration, sha256, before, after)


def check(path: Path, name: str, *, data: Path, fold: int = TEST_FOLD, weights_directory: Path | None = None,
          device: str = "auto") -> str:  # fmt: skip
    """A Markdown page: the calibrated reader on cases that took no part, with coverage by sex and age."""
    calibration, card = read_calibration(path), registry.verify(name, directory=weights_directory)
    card.require(Task.BONE_AGE)
    require_weights(calibration, card.sha256)
    cases = _cases_of(name, data, [fold], weights_directory, device, test=True)
    pairs = zip(cases.predicted, cases.sexes, strict=True)
    corrected = np.array([apply(calibration, float(months), str(sex)) for months, sex in pairs])
    before = _coverage(cases, within(card.reading_interval(), cases.predicted, cases.truth))
    after = _coverage(cases, within(calibration.interval, corrected, cases.truth))
    return (
        f"# {card.name} {card.version} on fold {fold}, calibrated for {calibration.site}\n\n"
        f"{len(cases)} images. Weights sha256 `{card.sha256}`.\n\n"
        f"## Before\n\n{to_markdown(_rows(cases, cases.predicted))}\n\n"
        f"## After\n\n{to_markdown(_rows(cases, corrected))}\n\n"
        f"## Share inside the {calibration.interval.coverage:.0%} interval\n\n{_coverage_table(before, after)}\n"
    )


def read_cases(path: Path) -> Cases:
    """Rows of id, bone_age_months, sex, read_months, perhaps patient. Raises ValueError that names a bad line."""
    rows = []
    with path.open(encoding="utf-8-sig", newline="") as file:
        for number, row in enumerate(csv.DictReader(file), start=2):
            rows.append(_case(row, f"{path}:{number}"))
    if not rows:
        raise ValueError(f"{path}: no cases")
    predicted, truth, sexes, groups = zip(*rows, strict=True)
    return Cases(np.array(predicted), np.array(truth), np.array(sexes), np.array(groups))


def _case(row: Mapping[str, str | None], place: str) -> tuple[float, float, str, str]:
    try:
        read, truth = float(row["read_months"] or ""), float(row["bone_age_months"] or "")
        sex, group = row["sex"], row.get("patient") or row["id"]
    except (KeyError, ValueError):
        raise ValueError(f"{place}: needs id, bone_age_months, sex and read_months") from None
    if sex not in SEXES or not group or not 0 < truth <= 240 or not 0 <= read <= 300:
        raise ValueError(f"{place}: sex is F or M, bone_age_months in (0, 240], read_months in [0, 300], id not empty")
    return read, truth, sex, group


def _cases_of(
    name: str, data: Path | None, folds: Sequence[int], weights_directory: Path | None, device: str,
    *, test: bool = False,
) -> Cases:  # fmt: skip
    """Radiographs of some folds, read with the weights as they ship, flips averaged."""
    if TEST_FOLD in folds and not test:
        raise ValueError(f"fold {TEST_FOLD} tests: nothing is calibrated on it")
    assert data is not None
    model = registry.load(name, directory=weights_directory, device=choose_device(device))
    labels = tuple(label for label in labels_of(data) if label.fold in folds)
    if not labels:
        raise ValueError(f"{data}: no radiographs in folds {', '.join(map(str, folds))}")
    radiographs = decode_radiographs(data, labels, model.card.chain)
    months = read_with(model, radiographs, device=choose_device(device))
    truth = np.array([label.bone_age_months for label in labels])
    return Cases(
        months, truth, np.array([label.sex for label in labels]), np.array([str(label.id) for label in labels])
    )


def _rows(cases: Cases, predicted: Array) -> list[Row]:
    pairs = enumerate(zip(cases.truth, cases.sexes, strict=True))
    return table([Label(n, float(months), str(sex), 0) for n, (months, sex) in pairs], predicted)


def _coverage(cases: Cases, inside: Array) -> dict[str, float]:
    """Share inside, of all, by sex, and by age group of the truth (RegressionCNN Table III)."""
    groups = {"all": np.ones(len(cases), bool), "female": cases.sexes == "F", "male": cases.sexes == "M"}
    for low, high in AGE_GROUPS_MONTHS:
        groups[f"{low}-{high} months"] = (cases.truth >= low) & (cases.truth < high)
    return {name: float(inside[here].mean()) for name, here in groups.items() if here.any()}


def _figures(rows: Sequence[Row], coverage: Mapping[str, float]) -> dict[str, Any]:
    by_group = {
        row.group: {
            "cases": row.count,
            "mae_months": round(row.mae.value, 3),
            "mae_95ci_months": [round(row.mae.low, 3), round(row.mae.high, 3)],
            "bias_months": round(row.bias, 3),
        }
        for row in rows
    }
    return {"groups": by_group, "coverage": {name: round(share, 4) for name, share in coverage.items()}}


def _page(calibration: Calibration, sha256: str, before: list[Row], after: list[Row]) -> str:
    cases, metrics = calibration.cases, calibration.metrics
    verdict = "" if calibration.corrected else "No correction lowered the error: readings stay as they are.\n\n"
    inside = [metrics[when]["coverage"] for when in ("before", "after")]
    return (
        f"# Calibration of {calibration.model} {calibration.model_version} for {calibration.site}\n\n"
        f"Command: `dicom-node calibrate {calibration.model} --site NAME ...`. Weights sha256 "
        f"`{calibration.model_sha256}`, calibration sha256 `{sha256}`. {sum(cases.values())} cases: {cases['F']} "
        f"female, {cases['M']} male. {metrics['method']}; each case is corrected by the others' folds.\n\n{verdict}"
        f"## Before\n\n{to_markdown(before)}\n\n## After\n\n{to_markdown(after)}\n\n"
        f"## Share inside the {calibration.interval.coverage:.0%} interval\n\n{_coverage_table(*inside)}\n\n"
        "Before with the interval of the weights' card, after with intervals fitted again without the case's fold.\n"
    )


def _coverage_table(before: Mapping[str, float], after: Mapping[str, float]) -> str:
    lines = ["| group | before | after |", "|---|--:|--:|"]
    return "\n".join(lines + [f"| {name} | {before[name]:.1%} | {after[name]:.1%} |" for name in before])
