"""The RUS-CHN level of each of the thirteen bones, their scores, and the bone age that the total score says.

For research, where a site's pipeline asks for it: PreciseBAA 3.3 grades bones so, and Fig. 6 has the curve.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from models.card import Card, Task
from models.detection.anatomy import RUS_BONES
from models.levels.crops import MARGIN, cut_bones
from models.levels.curve import End, age_of_levels
from models.levels.grading import grade
from models.levels.scale import NAME, TOP_SCORE, level_scores
from pipelines.contract import Bone, FoundBone, Maturity, ScaleEnd, Sex
from pipelines.spec import Name
from pipelines.stages.contract import Case
from pipelines.stages.weighted import WeightedStage

METHOD = "levels learnt from those that a site's readers gave"
_ENDS = {End.BEGINNING: ScaleEnd.BEGINNING, End.LAST: ScaleEnd.LAST}


class Levels(WeightedStage):
    """Grades the thirteen bones together, and puts level, score and what they sum to on the case.

    It stands behind `bones`. A hand of which a bone is missing is not graded: the total would be another scale's. Where
    the sex is missing there are levels and both totals, and no bone has a score. The bone age in front stays as it is.
    """

    behind = ("bones",)

    weights: Name
    """Name of the weights of a grader of bones, and of their card."""
    method: Annotated[str, Field(min_length=1, max_length=120)] = METHOD
    """How the weights know the levels, as results say it."""

    def _fit(self, card: Card) -> None:
        card.require(Task.LEVELS)
        if card.classes != tuple(map(str, RUS_BONES)):
            raise ValueError(f"{card.name}: grades other bones than the thirteen; give weights of a grader of these")

    @property
    def in_force(self) -> str:
        """The scale: its tables come with the program."""
        return NAME

    def apply(self, case: Case) -> Case:
        """The case with graded bones; as it was where one of the thirteen is missing."""
        if case.places is None or np.isnan(case.places).any():
            return case
        pixels = case.radiograph.pixels
        size, (height, width) = self.model.card.input_size, pixels.shape
        boxes = case.places.astype(np.float64) * [width, height, width, height]
        crops = cut_bones(pixels, boxes, round(size * MARGIN))
        (probabilities,) = grade(self.model.network, crops[None], size, device=self._device)
        sexes = (case.radiograph.sex,) if case.radiograph.sex else tuple(Sex)
        maturity = tuple(self._maturity(probabilities, sex) for sex in sexes)
        return replace(case, bones=_graded(case.bones, probabilities.argmax(1).tolist(), sexes), maturity=maturity)

    def _maturity(self, probabilities: NDArray[np.float64], sex: Sex) -> Maturity:
        age = age_of_levels(probabilities, sex.value)
        return Maturity(
            scale=NAME,
            grader=self.model.card.name,
            method=self.method,
            sex=sex,
            score=age.score,
            most_score=TOP_SCORE,
            bone_age_months=age.months,
            interval_months=(age.low_months, age.high_months),
            end=_ENDS[age.end] if age.end else None,
        )


def _graded(bones: Sequence[FoundBone], levels: Sequence[int], sexes: Sequence[Sex]) -> tuple[FoundBone, ...]:
    """The bones at their likeliest levels; scores where there is one sex."""
    said = {}
    for bone, level in zip(RUS_BONES, levels, strict=True):
        score = level_scores(bone, sexes[0].value)[level] if len(sexes) == 1 else None
        said[Bone(bone)] = level, score
    return tuple(replace(each, level=said[each.bone][0], level_score=said[each.bone][1]) for each in bones)
