"""Radiographs by stage, at the size at which they are trained on, and which of them a training takes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from models.data.frames import Radiographs
from models.data.labels import Label
from models.diibaa.stages import SEXES, STAGES, StageBounds
from models.preprocess import shrink

BATCH = 256
Counts = Mapping[str, Sequence[int]]
"""By sex, how many images of S1, S2 and S3."""


@dataclass(frozen=True)
class StagedFrames:
    """frames (N, S, S) uint8; stages (N,) int64, places; male (N,) float32, 1 male; months (N,) float32."""

    frames: torch.Tensor
    stages: NDArray[np.int64]
    male: NDArray[np.float32]
    months: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.stages)

    def counts(self) -> dict[str, list[int]]:
        """By sex, the images of each stage."""
        return {
            sex: [int(((self.male == place) & (self.stages == n)).sum()) for n in range(len(STAGES))]
            for place, sex in enumerate(SEXES)
        }


def stage_places(labels: Sequence[Label], bounds: StageBounds) -> NDArray[np.int64]:
    """(N,) the stage of each."""
    return np.array([bounds.place(label.sex, label.bone_age_months) for label in labels], np.int64)


def staged(radiographs: Radiographs, indices: Sequence[int], bounds: StageBounds, side: int) -> StagedFrames:
    """Those at some places, shrunk to `side` pixels; the large ones are held a batch at a time."""
    labels = [radiographs.labels[n] for n in indices]
    frames = torch.empty((len(labels), side, side), dtype=torch.uint8)
    for start in range(0, len(labels), BATCH):
        batch = torch.from_numpy(np.array(radiographs.frames[list(indices[start : start + BATCH])]))
        small = shrink(batch.float()[:, None] / 255, side)[:, 0]
        frames[start : start + BATCH] = (small * 255).round().to(torch.uint8)
    male = np.array([SEXES.index(label.sex) for label in labels], np.float32)
    months = np.array([label.bone_age_months for label in labels], np.float32)
    return StagedFrames(frames, stage_places(labels, bounds), male, months)


def drawn(labels: Sequence[Label], bounds: StageBounds, sex: str | None, counts: Counts | None, seed: int) -> list[int]:
    """Where in the labels the images stand that a training takes: of one sex, or of both; all, or so many of a stage.

    Raises ValueError where there are not as many.
    """
    stages, rng = stage_places(labels, bounds), np.random.default_rng(seed)
    kept: list[int] = []
    for each in SEXES if sex is None else (sex,):
        of_sex = np.array([label.sex == each for label in labels], bool)
        for place, stage in enumerate(STAGES):
            found = np.flatnonzero(of_sex & (stages == place))
            wanted = len(found) if counts is None else counts[each][place]
            if wanted > len(found):
                raise ValueError(f"counts: {wanted} images of {each} {stage} are asked for, there are {len(found)}")
            kept += rng.permutation(found)[:wanted].tolist()
    return sorted(kept)
