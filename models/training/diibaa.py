"""The training of DIIBAA: its networks one after the other, each in a folder of its own below the run's.

1. the autoencoders; 2. the scoring network on what they reconstruct; 3. CNN_mixup; 4. the regressors; 5. Algorithm 2 on
the select split, and the whole as one network's weights; 6. the rivals. A training that was stopped goes on where it
stopped: exactly on the CPU.
"""

import time
from collections.abc import Mapping
from pathlib import Path
from typing import cast

import numpy as np
import torch
from torch import nn

from models.diibaa.frames import StagedFrames
from models.diibaa.integration import integrate, th_score_on
from models.diibaa.reading import scores_of, told_by
from models.diibaa.stages import SEXES
from models.networks import build_network
from models.networks.diibaa import DIIBAA
from models.training.checkpoint import read_checkpoint
from models.training.diibaa_parts import TRAINERS
from models.training.diibaa_recipe import PARTS, SYSTEM, DiibaaRecipe

BEST = "best.pt"


class DiibaaTraining:
    """Trains one recipe in one folder; `run` may be called again on the same folder after a stop.

    train_set: larger than the input, to be augmented. select_set: at the input's size. best_score: share of the select
    split's images whose stage Algorithm 1 tells, once the system is whole.
    """

    def __init__(
        self, recipe: DiibaaRecipe, train_set: StagedFrames, select_set: StagedFrames, folder: Path, device: str
    ) -> None:
        self.recipe, self.train_set, self.select_set = recipe, train_set, select_set
        self.folder, self.device, self.best_score = folder, device, 0.0
        self.network = build_network(recipe.architecture, recipe.network_parameters)

    def run(self, *, stop_at: float | None = None) -> Path:
        """Train until the last epoch of the last part, or stop after the epoch in which the clock passes stop_at."""
        for name in PARTS:
            fresh = not self._is_done(name)
            if fresh:
                self._train(name, stop_at)
            if name == SYSTEM[-1] and self._is_done(name):
                self._join()
            if fresh and stop_at is not None and time.monotonic() > stop_at:
                print(f"the time is over in {name}; the same command goes on from here", flush=True)
                break
        return self.folder / BEST

    def _is_done(self, name: str) -> bool:
        """Whether the part's last epoch was trained."""
        part = self.recipe.part(name)
        state = read_checkpoint(self.folder / name, part)
        return state is not None and state["epochs_done"] == part.epochs

    def _train(self, name: str, stop_at: float | None) -> None:
        part, folder = self.recipe.part(name), self.folder / name
        folder.mkdir(exist_ok=True)
        print(f"{part.name}: {part.epochs} epochs", flush=True)
        more = {"autoencoders": load_part(self.folder, self.recipe, "autoencoders")} if name == "scoring" else {}
        trainer = TRAINERS[type(part)](part, self.train_set, self.select_set, folder, self.device, **more)
        trainer.run(stop_at=stop_at)

    def _join(self) -> None:
        """Algorithm 2 by sex on the select split; the parts and what it found become the run's weights."""
        parts = {name: load_part(self.folder, self.recipe, name).to(self.device) for name in SYSTEM}
        whole = cast(DIIBAA, self.network)
        for name, part in parts.items():
            whole.get_submodule(name).load_state_dict(part.state_dict())
        found = thresholds(parts, self.select_set, self.device)
        whole.th_score_percent[:] = torch.tensor([round(100 * found[sex]) for sex in SEXES])
        told = told_by_both(parts, self.select_set, found, self.device)
        self.best_score = float((told == self.select_set.stages).mean())
        part_file = self.folder / "best.part"
        torch.save(whole.state_dict(), part_file)
        part_file.replace(self.folder / BEST)
        print(f"th_score: {', '.join(f'{sex} {th_score:g}' for sex, th_score in found.items())}", flush=True)


def load_part(run: Path, recipe: DiibaaRecipe, name: str) -> nn.Module:
    """One network of a run, with its best weights, in eval mode. Raises ValueError where it was not trained."""
    path, part = run / name / BEST, recipe.part(name)
    if not path.is_file():
        raise ValueError(f"{path}: not there; train it first: dicom-node train with {recipe.name}.yaml")
    network = build_network(part.architecture, part.network_parameters)
    network.load_state_dict(torch.load(path, map_location="cpu", weights_only=True))
    return network.eval().requires_grad_(False)


def thresholds(parts: Mapping[str, nn.Module], frames: StagedFrames, device: str = "cpu") -> dict[str, float]:
    """Algorithm 2 by sex; a sex without images has what the other has, which nothing reads with."""
    scores = scores_of(parts["autoencoders"], parts["scoring"], frames, device)
    by_mixup = told_by(parts["classifier"], frames, device)
    found: dict[str, float] = {}
    for place, sex in enumerate(SEXES):
        of_sex = frames.male == place
        of_sex = of_sex if of_sex.any() else ~of_sex
        found[sex] = th_score_on(scores[of_sex], by_mixup[of_sex], frames.stages[of_sex])
    return found


def told_by_both(
    parts: Mapping[str, nn.Module], frames: StagedFrames, th_score: Mapping[str, float], device: str = "cpu"
) -> np.ndarray[tuple[int, ...], np.dtype[np.int64]]:
    """(N,) stages by Algorithm 1."""
    scores = scores_of(parts["autoencoders"], parts["scoring"], frames, device)
    of_sex = np.array([th_score[sex] for sex in SEXES])[frames.male.astype(int)]
    return integrate(scores, told_by(parts["classifier"], frames, device), of_sex)
