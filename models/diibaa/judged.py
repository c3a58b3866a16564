"""How often stages are told (DIIBAA Tables 2, 3 and 5 to 8: the share of each stage's images that is told so)."""

import numpy as np
from numpy.typing import NDArray

from models.diibaa.stages import STAGES

Places = NDArray[np.int64]


def shares_told(told: Places, stages: Places) -> list[float | None]:
    """Of S1, S2 and S3 the share of images that is told to be of it, 0 to 1; None of a stage without images."""
    of_stage = [told[stages == place] == place for place in range(len(STAGES))]
    return [float(each.mean()) if len(each) else None for each in of_stage]


def mean_share(told: Places, stages: Places) -> float:
    """The mean of `shares_told` over stages with images: what a network that always says S2 cannot raise."""
    return float(np.mean([share for share in shares_told(told, stages) if share is not None]))
