"""What a run folder says of its training: how the error fell, how long it took, and on what."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from models.evaluation.run_subject import FACTS, RECIPE, WEIGHTS, read_facts
from models.training.curves import read_log

LOG = "log.jsonl"
HASH = "best.sha256"
"""Stands for best.pt in a copy of a run without its weights: what was kept of it can be shown again, not read anew."""


@dataclass(frozen=True)
class Epoch:
    """number: from 1. size: side of the input in pixels. MAE in months, of the even ids of fold 8."""

    number: int
    size: int
    select_mae: float
    seconds: float


@dataclass(frozen=True)
class Training:
    """epochs: those done, at least one. of: how many the recipe has. start: sha256 of the weights it began with."""

    epochs: tuple[Epoch, ...]
    of: int
    device: str
    parameters: int
    images: int
    commit: str
    start: str | None

    @property
    def best(self) -> Epoch:
        """The epoch whose weights were kept: the lowest error at the final size."""
        size = self.epochs[-1].size
        return min((epoch for epoch in self.epochs if epoch.size == size), key=lambda epoch: epoch.select_mae)

    @property
    def minutes(self) -> float:
        return sum(epoch.seconds for epoch in self.epochs) / 60


def is_trained(folder: Path) -> bool:
    """Whether the folder of a run has weights to measure, or the hash of those that were measured."""
    return (folder / RECIPE).is_file() and any((folder / name).is_file() for name in (WEIGHTS, HASH))


def weights_sha256(folder: Path) -> str:
    """Of best.pt, in hex; where only its hash was kept, that."""
    weights = folder / WEIGHTS
    if weights.is_file():
        return hashlib.sha256(weights.read_bytes()).hexdigest()
    return (folder / HASH).read_text(encoding="ascii").strip()


def read_training(folder: Path) -> Training:
    """Raises ValueError that names the file that is missing or damaged."""
    facts, (epochs, of) = read_facts(folder), _read_epochs(folder)
    try:
        return Training(
            epochs=epochs,
            of=of,
            device=str(facts["device"]),
            parameters=int(facts["network_parameters"]),
            images=int(facts["train_images"]),
            commit=str(facts["commit"]),
            start=(facts.get("start") or {}).get("sha256"),
        )
    except KeyError as error:
        raise ValueError(f"{folder / FACTS}: says nothing of {error}; train again into a fresh folder") from None


def _read_epochs(folder: Path) -> tuple[tuple[Epoch, ...], int]:
    """The epochs in order, at least one, and how many there are to be."""
    try:
        rows = read_log(folder)
        return tuple(_epoch(row) for row in rows), int(rows[-1]["of"])
    except (OSError, KeyError, IndexError, TypeError, ValueError) as error:
        fault = type(error).__name__
        raise ValueError(f"{folder / 'log.jsonl'}: not the log of a training ({fault}); train again") from None


def _epoch(row: Mapping[str, Any]) -> Epoch:
    return Epoch(int(row["epoch"]), int(row["size"]), float(row["select_mae"]), float(row["seconds"]))
