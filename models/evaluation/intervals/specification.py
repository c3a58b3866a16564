"""What a document about ages as classes shows: a YAML of config/evaluation."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

import yaml

from models.interval_net.scale import Cut, Intervals
from models.training.recipe import to_settings

Printed = Mapping[int, Mapping[str, tuple[str, ...]]]
"""By number of classes and row: training and validation accuracy in percent, as printed."""


@dataclass(frozen=True)
class Cell:
    """One training of the table. row: the network as the paper calls it; network: as recipes do."""

    row: str
    network: str
    intervals: Intervals
    sex: bool

    @property
    def run(self) -> str:
        """The name of its folder."""
        with_sex = "sex" if self.sex else "no_sex"
        return f"interval_net.{self.network}.{self.intervals.count}.{self.intervals.cut}.{with_sex}"

    @property
    def command(self) -> str:
        """What trains it, with RUNS for the folder of runs."""
        asked = {"intervals.count": self.intervals.count, "intervals.cut": self.intervals.cut}
        asked |= {} if self.sex else {"parameters.sex": "false"}
        return train_command(f"interval_net.{self.network}.slim", self.run, asked)


@dataclass(frozen=True)
class Ablation:
    """One training with some of the chain's steps switched off. without: their names."""

    run: str
    without: tuple[str, ...]

    @property
    def command(self) -> str:
        """As of a cell."""
        return train_command("interval_net.resnet.slim", self.run, {f"chain.{step}": "false" for step in self.without})


@dataclass(frozen=True)
class IntervalSpecification:
    """title, paper: as the page names them.

    networks: rows, and the network of each. counts, cuts: of classes. chain: rows of the ablation by name. shown: runs
    whose confusion and curves are shown. edge_months: how near an edge is near. reader: the run, or packaged
    weights, that ships; beside: what its age is compared with. printed: the paper's table.
    remarks: what is said of the figures, in Markdown.
    """

    title: str
    paper: str
    networks: Mapping[str, str]
    counts: tuple[int, ...]
    cuts: tuple[Cut, ...]
    chain: Mapping[str, Ablation]
    shown: tuple[str, ...]
    edge_months: float
    reader: str
    beside: tuple[str, ...]
    printed: Printed
    remarks: tuple[str, ...] = ()

    def cells(self, *, cut: Cut | None = None, sex: bool | None = None) -> Iterator[Cell]:
        """All trainings of the tables, in their order; of one cut, or with or without the sex, as asked."""
        for each, count, with_sex in product(self.cuts, self.counts, (True, False)):
            if cut in (None, each) and sex in (None, with_sex):
                for row, network in self.networks.items():
                    yield Cell(row, network, Intervals(count, each), with_sex)


def train_command(recipe: str, run: str, changes: Mapping[str, object]) -> str:
    """The command of a run whose recipe is changed."""
    sets = "".join(f" --set {key}={value}" for key, value in {"name": run, **changes}.items())
    return f"dicom-node train config/training/{recipe}.yaml --data DIR --output RUNS/{run}{sets}"


def read_interval_specification(path: Path) -> IntervalSpecification:
    """Raises ValueError that names the file and the key."""
    document = yaml.safe_load(path.read_text(encoding="utf-8"))
    try:
        return _specification(document)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise ValueError(f"{path}: {error}") from None


def _specification(document: Mapping[str, Any]) -> IntervalSpecification:
    values = dict(document)
    values["counts"] = tuple(Intervals(count).count for count in values["counts"])
    values["cuts"] = tuple(Intervals(cut=cut).cut for cut in values["cuts"])
    values |= {key: tuple(map(str, values.get(key, ()))) for key in ("shown", "beside", "remarks")}
    values["chain"] = {
        name: to_settings(Ablation, {**row, "without": tuple(row.get("without", ()))})
        for name, row in values["chain"].items()
    }
    values["printed"] = {
        int(count): {row: tuple(map(str, cells)) for row, cells in rows.items()}
        for count, rows in values.get("printed", {}).items()
    }
    specification: IntervalSpecification = to_settings(IntervalSpecification, values)
    return specification
