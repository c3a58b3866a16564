"""Is it a poor radiograph, and by what? Then it is improved and read twice (BoNet+ 3.3).

The improved image is for readers alone: results show and refer to the original. What a label covers is not made up for
anyone to look at; the result says that it was not seen.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, PrivateAttr

from models.card import Card, Task
from models.degradation.kinds import LEARNT, Kind
from models.quality.classes import CLASSES
from models.quality.classifying import class_of, classify
from models.quality.improving import improve
from models.registry import LoadedModel
from pipelines.contract import ImageQuality, ModelIdentity, WarningCode
from pipelines.spec import Name
from pipelines.stages.contract import Case, Improved, Load
from pipelines.stages.weighted import WeightedStage

WARNINGS: Mapping[Kind, WarningCode] = {
    Kind.NOISE: WarningCode.NOISY,
    Kind.LABEL: WarningCode.COVERED,
    Kind.LOW_RESOLUTION: WarningCode.COARSE,
}


class Improvement(BaseModel):
    """How images with one kind of damage are improved."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)

    weights: Name
    """Name of the weights of a network that improves images, and of their card."""
    in_front: bool
    """Whether the improved image's reading is the bone age; false keeps the original's."""


class Quality(WeightedStage):
    """Says whether the image is good or poor; a poor one gets a warning of its kind, and an improved image to read.

    It stands behind all stages that move the frame, and in front of the readers. The same weights for every kind are
    BoNet+'s arrangement DQ, weights of their own for each are CQ.
    """

    weights: Name
    """Name of the weights of a classifier of quality, and of their card."""
    threshold: float | None = Field(None, gt=0, lt=1)
    """Poor where damage of any kind is at least as probable as this; None takes the card's."""
    improve: dict[Kind, Improvement] = Field(default_factory=dict)
    """By kind of damage; images with another kind are judged and warned of alone."""
    _least: float = PrivateAttr(0.5)
    _improving: dict[Kind, LoadedModel] = PrivateAttr(default_factory=dict)

    def loaded(self, load: Load, device: str) -> Self:
        """With its weights. Raises ValueError where they are missing, altered, or for something else."""
        stage = super().loaded(load, device)
        models = {name: load(name) for name in {step.weights for step in self.improve.values()}}
        for model in models.values():
            model.card.require(Task.RESTORATION)
        stage._improving = {kind: models[step.weights] for kind, step in self.improve.items()}
        return stage

    def _fit(self, card: Card) -> None:
        card.require(Task.QUALITY)
        least = card.threshold if self.threshold is None else self.threshold
        if card.classes != CLASSES or least is None:
            raise ValueError(f"{card.name}: other classes than {', '.join(CLASSES)}, or no threshold; package again")
        self._least = least

    @property
    def identities(self) -> tuple[ModelIdentity, ...]:
        """Of the classifier, then of what improves."""
        others = (ModelIdentity(m.card.name, m.card.version, m.sha256) for m in self._improving.values())
        return tuple(dict.fromkeys([*super().identities, *others]))

    @property
    def in_force(self) -> str:
        """The threshold: where the file names none, it may change with the card."""
        return f"threshold {self._least!r}"

    def apply(self, case: Case) -> Case:
        """The case with its quality; where it is poor, with a warning and with an improved image."""
        frames, size = case.standard_frame[None], self.model.card.input_size
        (probabilities,) = classify(self.model.network, frames, size, device=self._device)
        place = class_of(probabilities, self._least)
        if place == 0:
            return replace(case, quality=ImageQuality.GOOD)
        kind = LEARNT[place - 1]
        return replace(case, quality=ImageQuality.POOR, improved=self._improved(case, kind)).warned(WARNINGS[kind])

    def _improved(self, case: Case, kind: Kind) -> Improved | None:
        if kind not in self.improve:
            return None
        model, radiograph = self._improving[kind], case.radiograph
        pixels = improve(model.network, radiograph.pixels, model.card.input_size, device=self._device)
        method = f"{model.card.name} {model.card.version} for {kind}"
        return Improved(replace(radiograph, pixels=pixels), method, self.improve[kind].in_front)
