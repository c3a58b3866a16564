"""What DIIBAA's networks say of staged frames, at the size of their input."""

from collections.abc import Callable
from typing import cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from models.diibaa.frames import StagedFrames
from models.diibaa.integration import Places, Scores
from models.diibaa.stages import SEXES, STAGES, StageBounds
from models.networks.stage_autoencoder import StageAutoencoders
from models.networks.stage_cnn import StageRegressors

BATCH = 64
Answer = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]
"""Images (B, 1, S, S) and male (B,) -> (B, ...)."""


def answered(answer: Answer, frames: StagedFrames, device: str = "cpu") -> NDArray[np.float64]:
    """(N, ...) of all frames, in their order."""
    found = []
    with torch.inference_mode():
        for start in range(0, len(frames), BATCH):
            part = slice(start, start + BATCH)
            images = frames.frames[part].to(device).float()[:, None] / 255
            male = torch.from_numpy(frames.male[part]).to(device)
            found.append(answer(images, male).double().cpu().numpy())
    return np.concatenate(found)


def scored(autoencoders: nn.Module, scoring: nn.Module, images: torch.Tensor, male: torch.Tensor) -> torch.Tensor:
    """(B, 3) logits of the scoring network for the reconstructions by each stage's autoencoder."""
    with torch.no_grad():
        reconstructed = cast(StageAutoencoders, autoencoders).every(images).flatten(0, 1)[:, None]
    logits: torch.Tensor = scoring(reconstructed, male.repeat_interleave(len(STAGES)))
    return logits.reshape(-1, len(STAGES))


def scores_of(autoencoders: nn.Module, scoring: nn.Module, frames: StagedFrames, device: str = "cpu") -> Scores:
    """(N, 3) scores of the first branch. The networks are left in eval mode."""
    autoencoders.eval()
    scoring.eval()
    return answered(lambda images, male: scored(autoencoders, scoring, images, male).sigmoid(), frames, device)


def told_by(classifier: nn.Module, frames: StagedFrames, device: str = "cpu") -> Places:
    """(N,) the stages that a classifier of stages says. It is left in eval mode."""
    classifier.eval()
    return np.asarray(answered(classifier, frames, device).argmax(1))


def ages_of(
    regressors: nn.Module, bounds: StageBounds, frames: StagedFrames, device: str = "cpu"
) -> NDArray[np.float64]:
    """(N, 3) months by each stage's regressor (eq. 6). They are left in eval mode."""
    regressors.eval()
    every = cast(StageRegressors, regressors).every
    normal = answered(lambda *batch: torch.cat([each.values for each in every(*batch)], 1), frames, device)
    base, scale = _base_and_scale(bounds, frames.male)
    return np.asarray(normal * scale + base)


def unstaged_ages(
    regressor: nn.Module, bounds: StageBounds, frames: StagedFrames, device: str = "cpu"
) -> NDArray[np.float64]:
    """(N,) months by one regressor of all stages, whose ages are scaled by all of them together."""
    regressor.eval()
    base, scale = whole_range(bounds, frames.male)
    return np.asarray(answered(regressor, frames, device)[:, 0] * scale + base)


def normalised(bounds: StageBounds, frames: StagedFrames) -> NDArray[np.float32]:
    """(N,) eq. 5: the age of each within the limits of its own stage."""
    base, scale = _base_and_scale(bounds, frames.male)
    own = np.arange(len(frames)), frames.stages
    return np.asarray((frames.months - base[own]) / scale[own], np.float32)


def whole_range(bounds: StageBounds, male: NDArray[np.float32]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """(N,) base and scale of all stages together, in months."""
    limits = np.stack([bounds.limits_months(sex) for sex in SEXES])
    least, greatest = limits[:, 0, 0], limits[:, -1, 1]
    return least[male.astype(int)], (greatest - least)[male.astype(int)]


def reconstruction_db(autoencoders: nn.Module, frames: StagedFrames, device: str = "cpu") -> NDArray[np.float64]:
    """(N, 3) PSNR in dB of each image's reconstruction by each stage's autoencoder. They are left in eval mode."""
    autoencoders.eval()

    def psnr(images: torch.Tensor, _male: torch.Tensor) -> torch.Tensor:
        wrong = (cast(StageAutoencoders, autoencoders).every(images) - images).square().mean((2, 3))
        return -10 * torch.log10(wrong.clamp_min(1e-10))

    return answered(psnr, frames, device)


def _base_and_scale(bounds: StageBounds, male: NDArray[np.float32]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """(N, 3) each, in months."""
    both = np.stack([bounds.base_and_scale(sex) for sex in SEXES])[male.astype(int)]
    return both[:, :, 0], both[:, :, 1]
