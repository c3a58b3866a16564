"""Mixup within a stage (DIIBAA eq. 4, after Zhang et al. 2018): images are added until each stage is as large as S2."""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from models.diibaa.stages import STAGES, Stage


@dataclass(frozen=True)
class Mixtures:
    """What is trained on: share * image first + (1 - share) * image second, each (N,); share 1 is the first as it is.

    Both images are of one stage and one sex, which are the mixture's.
    """

    first: NDArray[np.int64]
    second: NDArray[np.int64]
    share: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.first)

    def of(self, frames: torch.Tensor, rows: torch.Tensor) -> torch.Tensor:
        """The mixtures of some rows: frames (N, S, S) uint8 -> (B, 1, S, S) float32 in [0, 1]."""
        first, second = (torch.from_numpy(each)[rows] for each in (self.first, self.second))
        share = torch.from_numpy(self.share)[rows][:, None, None]
        return ((share * frames[first] + (1 - share) * frames[second]) / 255)[:, None]


def unmixed(count: int) -> Mixtures:
    """Every image as it is."""
    every = np.arange(count)
    return Mixtures(every, every, np.ones(count, np.float32))


def mixed(stages: NDArray[np.int64], male: NDArray[np.float32], seed: int) -> Mixtures:
    """Every image as it is, and mixtures of S1 and S3 until both are as many as S2, of each sex for itself.

    A stage with a single image is mixed with itself; one without any stays empty. lambda is uniform in [0, 1].
    """
    rng = np.random.default_rng(seed)
    whole = unmixed(len(stages))
    drawn = [np.stack([whole.first, whole.second])]
    for sex in np.unique(male):
        of_sex = [np.flatnonzero((male == sex) & (stages == place)) for place in range(len(STAGES))]
        wanted = len(of_sex[STAGES.index(Stage.PUBERTY)])
        drawn += [rng.choice(own, (2, max(0, wanted - len(own)))) for own in of_sex if len(own)]
    both = np.concatenate(drawn, axis=1)
    share = rng.random((both.shape[1],), np.float32)
    share[: len(stages)] = 1
    return Mixtures(both[0], both[1], share)
