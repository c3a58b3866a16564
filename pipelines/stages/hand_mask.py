"""Where the hand is, to the pixel (PreciseBAA 3.1.2): a mask that later steps and reports may use."""

import numpy as np

from models.card import Card, Task
from models.segmentation.masks import clean, fault_of
from models.segmentation.segmenting import find_answers, mask_over
from pipelines.contract import WarningCode
from pipelines.spec import Name
from pipelines.stages.contract import Case
from pipelines.stages.weighted import WeightedStage


class HandMask(WeightedStage):
    """Puts the hand's mask on the case, over the frame it came with; warns where the mask fails, and puts none.

    A mask fails by `models.segmentation.masks.fault_of`: it covers too little or too much, is in pieces, or touches the
    border in more than one place.
    """

    weights: Name
    """Name of the weights of a segmenter, and of their card."""

    def _fit(self, card: Card) -> None:
        card.require(Task.SEGMENTATION)

    def apply(self, case: Case) -> Case:
        """The case with a mask, or with a warning."""
        pixels = case.radiograph.pixels
        (answer,) = find_answers(case.standard_frame[None], self.model, device=self._device)
        if fault_of(answer) is not None:
            return case.warned(WarningCode.NO_HAND_MASK)
        mask = mask_over(clean(answer), (pixels.shape[0], pixels.shape[1]))
        return case.masked(case.original_frame(mask.astype(np.float32)) > 0.5)
