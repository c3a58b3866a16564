"""DIIBAA as a reader: the stage by two branches, then the months of the stage's regressor."""

from collections.abc import Sequence
from dataclasses import replace
from typing import cast

import numpy as np
import structlog
import torch

from models.diibaa.stages import STAGES
from models.loaded import StagedOutput, WholeHandOutput
from models.networks.diibaa import DIIBAA
from models.registry import LoadedModel
from pipelines.contract import ReadStage, Sex
from pipelines.readers.contract import Answer, Request
from pipelines.readers.whole_hand import WholeHandParameters, WholeHandReader, _Input

log = structlog.get_logger(__name__)


class DiibaaReader(WholeHandReader):
    """Reads with one DIIBAA; each reading tells its stage and what both branches gave the stages.

    With flips averaged, scores and probabilities are means over the image and its mirror image, and Algorithm 1 joins
    these; the age is the mean of both views' ages, each by the stage of its view. Raises ValueError for weights of
    another network.
    """

    def __init__(self, model: LoadedModel, parameters: WholeHandParameters, *, device: str = "cpu") -> None:
        if not isinstance(model.network, DIIBAA):
            raise ValueError(f"{model.card.name}: these weights tell no stages; read with them as whole_hand")
        super().__init__(model, parameters, device=device)

    def _answers(self, requests: Sequence[Request], inputs: Sequence[_Input], output: WholeHandOutput) -> list[Answer]:
        answers = super()._answers(requests, inputs, output)
        stages = self._stages(requests, cast(StagedOutput, output))
        for stage in stages:
            log.info(
                "age_stage", model=self.name, code=stage.name, scores=list(stage.scores),
                probabilities=list(stage.probabilities),
            )  # fmt: skip
        return [
            replace(answer, reading=replace(answer.reading, stage=stage))
            for answer, stage in zip(answers, stages, strict=True)
        ]

    def _stages(self, requests: Sequence[Request], output: StagedOutput) -> list[ReadStage]:
        """One a request, of the means over its views."""
        views = len(self._flips)
        scores, probabilities = (
            each.unflatten(0, (views, -1)).mean(0) for each in (output.scores, output.probabilities)
        )
        male = torch.tensor([float(request.sex is Sex.MALE) for request in requests], device=scores.device)
        places = cast(DIIBAA, self._network).choose(scores, probabilities, male).tolist()
        rows = (np.round(each.cpu().numpy(), 4).tolist() for each in (scores, probabilities))
        return [
            ReadStage(str(STAGES[place]), tuple(score), tuple(probability))
            for place, score, probability in zip(places, *rows, strict=True)
        ]
