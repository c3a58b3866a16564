"""Levels without a grader: from a bone age by Greulich & Pyle, back through the RUS-CHN curve. For research.

The curve gives the total score of an age. That each bone has then reached the same share of its own top score is an
assumption, not knowledge: a bone's level cannot be told from the age of the whole hand. Whether such levels mean
anything is examined by `models.evaluation.single_bones.derived`.
"""

import numpy as np

from models.detection.hand_shape import HandBone
from models.levels.curve import score_of_age
from models.levels.scale import TOP_SCORE, Sex, level_scores

METHOD = "derived from a Greulich & Pyle reading"


def derived_level(bone: HandBone, months: float, sex: Sex) -> int:
    """The level whose share of the bone's top score is nearest to the share of all at this age; the lower of two."""
    scores = np.array(level_scores(bone, sex))
    share = score_of_age(months, sex) / TOP_SCORE
    return int(np.abs(scores / scores[-1] - share).argmin())
