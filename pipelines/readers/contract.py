"""What a reader is, and what it says."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from pipelines.contract import FoundBone, HandRadiograph, ModelIdentity, ReaderReading, Sex, WarningCode


@dataclass(frozen=True)
class Request:
    """Read this radiograph as that of a girl or of a boy.

    hand_mask, bones: what stages found, over the frame the radiograph came with; as on a `pipelines.stages` Case.
    """

    radiograph: HandRadiograph
    sex: Sex
    hand_mask: NDArray[np.bool_] | None = None
    bones: tuple[FoundBone, ...] = ()


@dataclass(frozen=True)
class Answer:
    """One reading, and where it comes from.

    heatmap_months: (H, W) float32 over the request's frame, None where the reader has none.
    """

    reading: ReaderReading
    heatmap_months: NDArray[np.float32] | None
    warnings: tuple[WarningCode, ...] = ()


class Reader(Protocol):
    """identity: its own weights; detectors: those that crop for it. calibration: a text that changes whenever the
    intervals do.

    select_mae_months: mean absolute error on the images it was selected on (fold 8, even ids); None where unknown.
    """

    name: str
    identity: ModelIdentity
    detectors: tuple[ModelIdentity, ...]
    calibration: str
    select_mae_months: float | None

    def read(self, requests: Sequence[Request]) -> list[Answer]:
        """One answer a request, in order, from one batch."""
        ...
