"""What a document about stages shows: a YAML of config/evaluation."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from models.diibaa.integration import THRESHOLDS
from models.diibaa.stages import SEXES, STAGES
from models.training.recipe import to_settings

BASELINE, BRANCH_1, BRANCH_2, DIIBAA, FOCAL = "baseline", "branch 1", "branch 2", "DIIBAA", "focal loss"
TOLD = (BASELINE, BRANCH_1, BRANCH_2, DIIBAA, FOCAL)
"""Columns of Tables 5 and 6, and what Table 9 calls focal loss; branch 2 is Tables 2 and 3 with mixup."""
KNOWN, UNSTAGED = "stage known", "no stages"
READ = (DIIBAA, FOCAL, UNSTAGED, KNOWN)
"""Columns of Table 10, and beyond it the error that is left where every stage is told right."""
Cells = tuple[str, ...]


@dataclass(frozen=True)
class Printed:
    """The paper's tables for one sex. stages: by method, percent of S1, S2 and S3. curve: by stage, at THRESHOLDS.

    th_score: as Tables 5 and 6 say. mae_years: Table 10, by method.
    """

    stages: Mapping[str, Cells]
    curve: Mapping[str, Cells]
    th_score: str
    mae_years: Mapping[str, str]

    def __post_init__(self) -> None:
        if unknown := sorted(set(self.stages) - set(TOLD) | set(self.mae_years) - set(READ)):
            raise ValueError(f"unknown method '{unknown[0]}'; known: {', '.join((*TOLD, *READ[2:]))}")
        if any(len(row) != len(STAGES) for row in self.stages.values()):
            raise ValueError("stages: three figures a method")
        if any(len(row) != len(THRESHOLDS) for row in self.curve.values()):
            raise ValueError(f"curve: {len(THRESHOLDS)} figures a stage")


@dataclass(frozen=True)
class StagingSpecification:
    """title, paper: as the page names them. systems: by name, the run of each sex. printed: by sex.

    remarks: what is said of the figures, in Markdown.
    """

    title: str
    paper: str
    systems: Mapping[str, Mapping[str, str]]
    printed: Mapping[str, Printed]
    remarks: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for place, found in {"printed": self.printed, **self.systems}.items():
            if set(found) != set(SEXES):
                raise ValueError(f"{place}: needs F and M")


def read_staging_specification(path: Path) -> StagingSpecification:
    """Raises ValueError that names the file and the key."""
    document = yaml.safe_load(path.read_text(encoding="utf-8"))
    try:
        values = dict(document)
        values["printed"] = {sex: _printed(each) for sex, each in values["printed"].items()}
        values["remarks"] = tuple(map(str, values.get("remarks", ())))
        specification: StagingSpecification = to_settings(StagingSpecification, values)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise ValueError(f"{path}: {error}") from None
    return specification


def _printed(document: Mapping[str, Any]) -> Printed:
    values = dict(document)
    for key in ("stages", "curve"):
        values[key] = {str(row): tuple(map(str, cells)) for row, cells in values[key].items()}
    values["mae_years"] = {row: str(cell) for row, cell in values["mae_years"].items()}
    printed: Printed = to_settings(Printed, {**values, "th_score": str(values["th_score"])})
    return printed
