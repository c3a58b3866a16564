"""DIIBAA whole (Appl. Sci. 2022, 12, Fig. 2): stages by two branches, then the regressor of the stage.

First branch: each stage's autoencoder reconstructs the image, and a scoring network scores the reconstructions (eq. 3).
Second branch: CNN_mixup tells the stage. Algorithm 1 joins them, and eq. 6 makes months of what the stage's regressor
answers. The parts are trained one by one (`models.training.diibaa`).
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import nn

from models.diibaa.stages import SEXES, STAGES, to_bounds
from models.loaded import StagedOutput
from models.networks.stage_autoencoder import StageAutoencoders
from models.networks.stage_cnn import StageCNN, StageRegressors


class DIIBAA(nn.Module):
    """images (B, 1, S, S) float32 in [0, 1], S a multiple of 8, male (B,) float32 -> StagedOutput in months.

    autoencoders, scoring, classifier, regressors: parameters of each part. stages: their bounds, as a recipe has them.
    th_score_percent: (2,) int64, of girls and boys, what Algorithm 2 found.
    """

    th_score_percent: torch.Tensor
    base_and_scale: torch.Tensor

    def __init__(
        self, autoencoders: Mapping[str, Any], scoring: Mapping[str, Any], classifier: Mapping[str, Any],
        regressors: Mapping[str, Any], stages: Mapping[str, Mapping[str, Sequence[float]]],
    ) -> None:  # fmt: skip
        super().__init__()
        self.autoencoders = StageAutoencoders(**autoencoders)
        self.scoring, self.classifier = StageCNN(**scoring), StageCNN(**classifier)
        self.regressors = StageRegressors(**regressors)
        bounds = to_bounds(stages)
        months = torch.from_numpy(np.stack([bounds.base_and_scale(sex) for sex in SEXES])).float()
        self.register_buffer("base_and_scale", months, persistent=False)
        self.register_buffer("th_score_percent", torch.full((len(SEXES),), 50))

    def scores(self, images: torch.Tensor, male: torch.Tensor) -> torch.Tensor:
        """(B, 3) float32, 0 to 1: of each stage's reconstruction."""
        reconstructed = self.autoencoders.every(images).flatten(0, 1)[:, None]
        logits = self.scoring(reconstructed, male.repeat_interleave(len(STAGES)))
        return torch.sigmoid(logits).reshape(-1, len(STAGES))

    def choose(self, scores: torch.Tensor, probabilities: torch.Tensor, male: torch.Tensor) -> torch.Tensor:
        """(B,) int64 places of stages by Algorithm 1: the best score where it leads by more than th_score."""
        best, second = scores.topk(2, 1).values.unbind(1)
        sure = best - second > self.th_score_percent[male.long()] / 100
        return torch.where(sure, scores.argmax(1), probabilities.argmax(1))

    def forward(self, images: torch.Tensor, male: torch.Tensor) -> StagedOutput:
        scores, probabilities = self.scores(images, male), self.classifier(images, male).softmax(1)
        stage = self.choose(scores, probabilities, male)
        answers = self.regressors.every(images, male)
        chosen = stage[:, None]
        value = torch.cat([each.values for each in answers], 1).gather(1, chosen)[:, 0]
        shares = torch.cat([each.shares for each in answers], 1)
        share = shares.gather(1, chosen[:, :, None, None].expand(-1, -1, *shares.shape[2:]))[:, 0]
        base, scale = self.base_and_scale[male.long(), stage].unbind(1)
        age, activation = value * scale + base, share * scale[:, None, None]
        return StagedOutput(age, activation, age - activation.mean((1, 2)), stage, scores, probabilities)
