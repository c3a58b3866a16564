"""Where the hand is, to the pixel (PreciseBAA 3.1.2): a mask that later steps and reports may use."""

import numpy as np
from pydantic import PrivateAttr

from models.card import Task
from models.preprocess import standard_frame
from models.registry import LoadedModel
from models.segmentation.masks import clean, fault_of
from models.segmentation.segmenting import find_answers, mask_over
from pipelines.contract import ModelIdentity, WarningCode
from pipelines.spec import Name
from pipelines.stages.contract import Case, Load, Stage


class HandMask(Stage):
    """Puts the hand's mask on the case, over the frame it came with; warns where the mask fails, and puts none.

    A mask fails by `models.segmentation.masks.fault_of`: it covers too little or too much, is in pieces, or touches the
    border in more than one place.
    """

    weights: Name
    """Name of the weights of a segmenter, and of their card."""
    _model: LoadedModel | None = PrivateAttr(None)
    _device: str = PrivateAttr("cpu")

    def loaded(self, load: Load, device: str) -> "HandMask":
        """With its weights. Raises ValueError where they are missing, altered or for another task."""
        stage = self.model_copy()
        stage._model, stage._device = load(self.weights), device
        stage._model.card.require(Task.SEGMENTATION)
        return stage

    @property
    def identity(self) -> ModelIdentity | None:
        """Of the weights, once they are loaded."""
        if self._model is None:
            return None
        card = self._model.card
        return ModelIdentity(card.name, card.version, self._model.sha256)

    def apply(self, case: Case) -> Case:
        """The case with a mask, or with a warning."""
        assert self._model is not None, "loaded() comes first"
        pixels = case.radiograph.pixels
        (answer,) = find_answers(standard_frame(pixels)[None], self._model, device=self._device)
        if fault_of(answer) is not None:
            return case.warned(WarningCode.NO_HAND_MASK)
        mask = mask_over(clean(answer), (pixels.shape[0], pixels.shape[1]))
        return case.masked(case.original_frame(mask.astype(np.float32)) > 0.5)
