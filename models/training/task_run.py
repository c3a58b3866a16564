"""One training of any task but reading bone age: the effects around its loop, as `models.training.run` has them."""

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

import yaml

from models.training.facts import Training, facts_of
from models.training.follow import choose_device
from models.training.recipe import read_document


class TaskTraining(Training, Protocol):
    """A loop of `models.training.loop`."""

    @property
    def best_score(self) -> float: ...
    def run(self, *, stop_at: float | None = None) -> Path: ...


def follow_task(
    recipe_path: Path, training_on: Callable[[str], TaskTraining], output: Path, *, device: str,
    max_minutes: float | None, measure: str,
) -> Path:  # fmt: skip
    """Train in `output` and leave the recipe and the facts beside; returns the weights of the best epoch.

    training_on: prepares the training on a device. measure: what the best epoch is best at.
    """
    started = time.monotonic()
    output.mkdir(parents=True, exist_ok=True)
    whole = yaml.safe_dump(read_document(recipe_path), sort_keys=False, allow_unicode=True)
    (output / "recipe.yaml").write_text(whole, encoding="utf-8")
    training = training_on(choose_device(device))
    (output / "facts.json").write_text(json.dumps(facts_of(training), indent=2), encoding="utf-8")
    weights = training.run(stop_at=None if max_minutes is None else started + 60 * max_minutes)
    print(f"{weights}: select {measure} {training.best_score:.4f}", flush=True)
    return weights
