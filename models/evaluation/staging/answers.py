"""What the networks of one run say of one sex's images; what was not trained says nothing."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np
import torch
from numpy.typing import NDArray

from models.data.frames import Radiographs
from models.data.labels import Label, Split
from models.diibaa.frames import StagedFrames, stage_places, staged
from models.diibaa.integration import Places, Scores, integrate
from models.diibaa.reading import ages_of, scores_of, told_by, unstaged_ages
from models.diibaa.stages import SEXES, STAGES
from models.evaluation.metrics import Array
from models.evaluation.run_subject import RECIPE, WEIGHTS
from models.evaluation.staging.specification import (
    BASELINE,
    BRANCH_1,
    BRANCH_2,
    DIIBAA,
    FOCAL,
    KNOWN,
    READ,
    TOLD,
    UNSTAGED,
)
from models.training.diibaa import load_part
from models.training.diibaa_recipe import PARTS, SYSTEM, DiibaaRecipe, load_diibaa_recipe

Found = TypeVar("Found")
Told = Mapping[str, Places | None]
"""(N,) places of stages by method of TOLD; None of what was not trained."""


@dataclass(frozen=True)
class Answers:
    """stages (N,) places and months (N,) are the labels'.

    scores: (N, 3) of the first branch. by_mixup, baseline, focal: (N,) places. ages: (N, 3) months by each stage's
    regressor; unstaged: (N,) months. th_score: of this sex.
    """

    stages: Places
    months: NDArray[np.float32]
    scores: Scores | None = None
    by_mixup: Places | None = None
    baseline: Places | None = None
    focal: Places | None = None
    ages: Array | None = None
    unstaged: Array | None = None
    th_score: float | None = None

    def told_at(self, th_score: float) -> Places | None:
        """Algorithm 1 with this threshold."""
        if self.scores is None or self.by_mixup is None:
            return None
        return integrate(self.scores, self.by_mixup, th_score)

    def told(self) -> Told:
        """By method."""
        first = None if self.scores is None else self.scores.argmax(1)
        both = None if self.th_score is None else self.told_at(self.th_score)
        found = {BASELINE: self.baseline, BRANCH_1: first, BRANCH_2: self.by_mixup, DIIBAA: both, FOCAL: self.focal}
        return {name: found[name] for name in TOLD}

    def errors(self) -> dict[str, Array | None]:
        """(N,) absolute errors in months: of the regressor of the stage that a method tells, and of none."""
        told = self.told()
        found = {DIIBAA: told[DIIBAA], FOCAL: told[FOCAL], KNOWN: self.stages}
        months = {name: self._read(places) for name, places in found.items()} | {UNSTAGED: self.unstaged}
        return {name: None if (read := months[name]) is None else np.abs(read - self.months) for name in READ}

    def _read(self, places: Places | None) -> Array | None:
        if self.ages is None or places is None:
            return None
        return np.asarray(self.ages[np.arange(len(places)), places])


@dataclass(frozen=True)
class Asked:
    """A run that was asked. sha256: of its whole system's weights, None where that is not complete."""

    run: Path
    recipe: DiibaaRecipe
    sha256: str | None
    parameters: int


def open_run(run: Path) -> Asked | None:
    """None where nothing of it was trained."""
    if not any((run / name / WEIGHTS).is_file() for name in PARTS) or not (run / RECIPE).is_file():
        return None
    recipe, whole = load_diibaa_recipe(run / RECIPE), run / WEIGHTS
    sha256 = hashlib.sha256(whole.read_bytes()).hexdigest() if whole.is_file() else None
    trained = [load_part(run, recipe, name) for name in SYSTEM if (run / name / WEIGHTS).is_file()]
    return Asked(run, recipe, sha256, sum(p.numel() for part in trained for p in part.parameters()))


def answers_of(asked: Asked, radiographs: Radiographs, sex: str) -> Answers:
    """Of the radiographs of one sex."""
    recipe = asked.recipe
    places = [n for n, label in enumerate(radiographs.labels) if label.sex == sex]
    frames = staged(radiographs, places, recipe.whole.stages, recipe.input_size)
    bounds = recipe.whole.stages
    return Answers(
        frames.stages,
        frames.months,
        scores=_scores(asked, frames),
        by_mixup=_by(asked, "classifier", lambda part: told_by(part, frames)),
        baseline=_by(asked, "baseline", lambda part: told_by(part, frames)),
        focal=_by(asked, "focal", lambda part: told_by(part, frames)),
        ages=_by(asked, "regressors", lambda part: ages_of(part, bounds, frames)),
        unstaged=_by(asked, "unstaged", lambda part: unstaged_ages(part, bounds, frames)),
        th_score=_th_score(asked, sex),
    )


def training_counts(asked: Asked, labels: Sequence[Label], sex: str) -> list[int]:
    """Images of S1, S2 and S3 of one sex that the run was trained on."""
    whole, training = asked.recipe.whole, [label for label in labels if label.split is Split.TRAIN]
    if whole.counts is not None:
        return list(whole.counts[sex])
    stages = stage_places([label for label in training if label.sex == sex], whole.stages)
    return [int(each) for each in np.bincount(stages, minlength=len(STAGES))]


def _by(asked: Asked, name: str, ask: Callable[[torch.nn.Module], Found]) -> Found | None:
    """What a part says; None where it was not trained."""
    trained = (asked.run / name / WEIGHTS).is_file()
    return ask(load_part(asked.run, asked.recipe, name)) if trained else None


def _scores(asked: Asked, frames: StagedFrames) -> Scores | None:
    autoencoders = asked.run / "autoencoders" / WEIGHTS
    if not autoencoders.is_file():
        return None
    return _by(
        asked,
        "scoring",
        lambda part: scores_of(load_part(asked.run, asked.recipe, "autoencoders"), part, frames),
    )


def _th_score(asked: Asked, sex: str) -> float | None:
    """What Algorithm 2 found on the select split when the system was trained; never on the images asked about."""
    if asked.sha256 is None:
        return None
    state = torch.load(asked.run / WEIGHTS, map_location="cpu", weights_only=True)
    return float(state["th_score_percent"][SEXES.index(sex)]) / 100
