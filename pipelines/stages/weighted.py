"""A stage that has weights of its own."""

from abc import abstractmethod
from typing import Self

from pydantic import PrivateAttr

from models.card import Card
from models.registry import LoadedModel
from pipelines.contract import ModelIdentity
from pipelines.spec import Name
from pipelines.stages.contract import Load, Stage


class WeightedStage(Stage):
    """`weights` of a subclass may say in its own words what they are of."""

    weights: Name
    """Name of the stage's weights, and of their card."""
    _model: LoadedModel | None = PrivateAttr(None)
    _device: str = PrivateAttr("cpu")

    @abstractmethod
    def _fit(self, card: Card) -> None:
        """Take from the card what the stage needs. Raises ValueError where the weights are for something else."""

    def loaded(self, load: Load, device: str) -> Self:
        """With its weights. Raises ValueError where they are missing, altered, or for something else."""
        stage = self.model_copy()
        stage._model, stage._device = load(self.weights), device
        stage._fit(stage._model.card)
        return stage

    @property
    def model(self) -> LoadedModel:
        """The weights, once they are loaded."""
        assert self._model is not None, "loaded() comes first"
        return self._model

    @property
    def identity(self) -> ModelIdentity | None:
        """Of the weights, once they are loaded."""
        if self._model is None:
            return None
        card = self._model.card
        return ModelIdentity(card.name, card.version, self._model.sha256)
