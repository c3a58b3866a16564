"""What a document about poor images shows: a YAML of config/evaluation."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from models.degradation.kinds import LEARNT, Kind, to_kinds
from models.evaluation.poor.arrangements import Arrangement
from models.training.recipe import to_settings

Printed = Mapping[str, tuple[str, ...]]
"""Rows of a printed table by their names."""


@dataclass(frozen=True)
class Networks:
    """Runs, by the names of their folders, or packaged weights by name.

    A classifier, what improves every kind of damage, and what improves each kind alone.
    """

    classifier: str
    direct: str
    of_kind: Mapping[Kind, str]


@dataclass(frozen=True)
class PoorSpecification:
    """title, paper: as the page names them.

    readers: rows of tables 4 and 5: a run, or the name of packaged weights. untreated: the run that was trained on
    good and poor images, NQ. losses: rows of table 2, runs. in_front: kinds of damage whose improved reading is in
    front in the node; node: whether it improves them as CQ or as DQ. printed: rows of the paper's tables. remarks: what
    is said of the figures, in Markdown.
    """

    title: str
    paper: str
    networks: Networks
    readers: Mapping[str, str]
    untreated: str
    losses: Mapping[str, str]
    in_front: tuple[Kind, ...] = LEARNT
    node: Arrangement = Arrangement.DQ
    printed: Mapping[str, Printed] = field(default_factory=dict)
    remarks: tuple[str, ...] = ()


def read_poor_specification(path: Path) -> PoorSpecification:
    """Raises ValueError that names the file and the key."""
    document = yaml.safe_load(path.read_text(encoding="utf-8"))
    try:
        return _specification(document)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise ValueError(f"{path}: {error}") from None


def _specification(document: Mapping[str, Any]) -> PoorSpecification:
    values = dict(document)
    networks = dict(values["networks"])
    of_kind = {Kind(kind): str(run) for kind, run in networks["of_kind"].items()}
    values["networks"] = to_settings(Networks, {**networks, "of_kind": of_kind})
    values["in_front"] = to_kinds(values.get("in_front", LEARNT))
    values["node"] = Arrangement(values.get("node", Arrangement.DQ))
    if values["node"] not in (Arrangement.CQ, Arrangement.DQ):
        raise ValueError(f"node is CQ or DQ, not {values['node']}")
    printed = values.get("printed", {})
    values["printed"] = {
        name: {row: tuple(map(str, cells)) for row, cells in rows.items()} for name, rows in printed.items()
    }
    values["remarks"] = tuple(map(str, values.get("remarks", ())))
    specification: PoorSpecification = to_settings(PoorSpecification, values)
    return specification
