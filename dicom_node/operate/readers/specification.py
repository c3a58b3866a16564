"""Which readers stand side by side: a YAML of config/evaluation."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from models.training.recipe import to_settings

GPU = "a GPU"
"""What a training may wait for."""


@dataclass(frozen=True)
class Row:
    """A reader: either a run below the folder of runs, or packaged weights, or a pipeline of the node.

    paper: whose it is. run: name of the run's folder or of the weights. pipeline: name of a pipeline; its primary
    reader reads. stages: of that pipeline, those that the reader needs; others, which judge and refuse, are left out.
    command: what trains it, where that is not the recipe of the run's name. waits_for: what its training waits for.
    """

    paper: str
    run: str | None = None
    pipeline: str | None = None
    stages: tuple[str, ...] = ()
    command: str | None = None
    waits_for: str | None = None

    def __post_init__(self) -> None:
        if (self.run is None) == (self.pipeline is None):
            raise ValueError("a row names a run or a pipeline, one of the two")
        if self.stages and self.pipeline is None:
            raise ValueError("stages are those of a pipeline, and the row names none")

    @property
    def training(self) -> str:
        """The command that trains it, with RUNS for the folder of runs."""
        if self.command is not None:
            return self.command
        device = " --device cuda" if self.waits_for == GPU else ""
        return f"dicom-node train config/training/{self.run}.yaml --data DIR --output RUNS/{self.run}{device}"


@dataclass(frozen=True)
class ReadersSpecification:
    """title: of the page. rows: by the names of the readers, in order."""

    title: str
    rows: Mapping[str, Row]


def read_readers_specification(path: Path) -> ReadersSpecification:
    """Raises ValueError that names the file, the row and the key."""
    document = yaml.safe_load(path.read_text(encoding="utf-8"))
    try:
        rows = {str(name): _row(str(name), values) for name, values in document["rows"].items()}
        specification: ReadersSpecification = to_settings(ReadersSpecification, {**document, "rows": rows})
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise ValueError(f"{path}: {error}") from None
    return specification


def _row(name: str, values: Mapping[str, Any]) -> Row:
    try:
        found: Row = to_settings(Row, {**values, "stages": tuple(values.get("stages", ()))})
    except (AttributeError, TypeError, ValueError) as error:
        raise ValueError(f"rows.{name}: {error}") from None
    if found.pipeline is not None and found.command is None:
        raise ValueError(f"rows.{name}: a pipeline's row needs the command that trains its weights")
    return found
