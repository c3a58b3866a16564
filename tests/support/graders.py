"""Graders of bones and readers of single bones: whose answer is known, as loaded models, and untrained, as files."""

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import torch
from safetensors.torch import save
from torch import nn

from models.card import Card, Task, write_card
from models.detection.anatomy import RUS_BONES
from models.levels.scale import COUNTS, MOST_LEVELS
from models.networks import build_network
from models.registry import LoadedModel
from tests.support.readers import CARD


class SureLevels(nn.Module):
    """Finds these levels in every hand; keeps the crops it was shown."""

    def __init__(self, levels: Sequence[int]) -> None:
        super().__init__()
        answers = torch.full((len(COUNTS), MOST_LEVELS), -1e4)
        answers[range(len(COUNTS)), list(levels)] = 0
        self.answers = nn.Parameter(answers)
        self.shown: list[torch.Tensor] = []

    def forward(self, crops: torch.Tensor) -> torch.Tensor:
        self.shown.append(crops)
        return self.answers.expand(len(crops), -1, -1)


class BoneMonths(nn.Module):
    """Says 10 months for each place in the order of bones, from 100 on, and 5 more for boys."""

    def forward(self, crops: torch.Tensor, bone: torch.Tensor, male: torch.Tensor) -> torch.Tensor:
        return 100.0 + 10 * bone + 5 * male


def sure_grader(levels: Sequence[int]) -> LoadedModel:
    """A loaded grader that finds these levels."""
    card = replace(
        CARD, name="sure", task=Task.LEVELS, interval=None, input_size=32, classes=tuple(map(str, RUS_BONES))
    )
    return LoadedModel(SureLevels(levels).eval(), card, "9" * 64)


def bone_reader() -> LoadedModel:
    """A loaded reader of single bones that is off by at most 12 months for the first bone, one more for each next."""
    return LoadedModel(BoneMonths().eval(), replace(_bone_ages_card(), name="bones"), "a" * 64)


def write_untrained(folder: Path) -> Path:
    """Weights `levels` and `bone_ages` with their cards, which were never trained."""
    folder.mkdir(parents=True)
    parameters = {"backbone": "resnet50", "width": 0.0625, "attention": 8, "counts": list(COUNTS)}
    levels = replace(_bone_ages_card(), task=Task.LEVELS, metrics={}, architecture="levels_net", parameters=parameters)
    ages = replace(_bone_ages_card(), architecture="bone_age", parameters={"widths": [4, 8]})
    for name, card in (("levels", levels), ("bone_ages", ages)):
        torch.manual_seed(0)
        blob = save(build_network(card.architecture, card.parameters).state_dict())
        (folder / f"{name}.safetensors").write_bytes(blob)
        write_card(replace(card, name=name, sha256=hashlib.sha256(blob).hexdigest()), folder / f"{name}.json")
    return folder


def _bone_ages_card() -> Card:
    metrics = {"bones": {str(bone): {"half_width_months": 12.0 + n} for n, bone in enumerate(RUS_BONES)}}
    return replace(
        CARD, task=Task.BONE_AGES, interval=None, input_size=32, classes=tuple(map(str, RUS_BONES)), metrics=metrics
    )
