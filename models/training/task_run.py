"""One training of any task but reading bone age: the effects around its loop, as `models.training.run` has them."""

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import yaml

from models.training.facts import Training, facts_of
from models.training.follow import choose_device
from models.training.recipe import read_document


@dataclass(frozen=True)
class TrainingOrder:
    """A training that is asked for; a folder with a checkpoint of the same recipe goes on where it stopped.

    data: None for recipes of phantoms. max_minutes: stop after so long. limit: use only so many images of each kind and
    split (for trying a recipe). cache: of decoded frames, None for the user's. changes: keys of the recipe, those of a
    mapping joined by a dot, that are other than in its file; for the tasks that take them.
    """

    recipe: Path
    data: Path | None
    output: Path
    device: str = "auto"
    max_minutes: float | None = None
    limit: int | None = None
    cache: Path | None = None
    changes: Mapping[str, Any] = field(default_factory=dict)


class TaskTraining(Training, Protocol):
    """A loop of `models.training.loop`."""

    @property
    def best_score(self) -> float: ...
    def run(self, *, stop_at: float | None = None) -> Path: ...


def follow_task(order: TrainingOrder, training_on: Callable[[str], TaskTraining], *, measure: str) -> Path:
    """Train and leave the recipe and the facts beside; returns the weights of the best epoch.

    training_on: prepares the training on a device. measure: what the best epoch is best at.
    """
    started = time.monotonic()
    order.output.mkdir(parents=True, exist_ok=True)
    whole = yaml.safe_dump(read_document(order.recipe), sort_keys=False, allow_unicode=True)
    (order.output / "recipe.yaml").write_text(whole, encoding="utf-8")
    training = training_on(choose_device(order.device))
    (order.output / "facts.json").write_text(json.dumps(facts_of(training), indent=2), encoding="utf-8")
    weights = training.run(stop_at=None if order.max_minutes is None else started + 60 * order.max_minutes)
    print(f"{weights}: select {measure} {training.best_score:.4f}", flush=True)
    return weights
