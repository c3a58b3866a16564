"""What a stage is, and what stages hand on."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from pipelines.contract import HandRadiograph, Refusal, WarningCode

Map = NDArray[np.float32]
WayBack = Callable[[Map], Map]
"""A map over a stage's output frame -> the same map over its input frame."""


@dataclass(frozen=True)
class Case:
    """One radiograph on its way: as the stages so far made it, what they warn of, and how maps go back."""

    radiograph: HandRadiograph
    warnings: tuple[WarningCode, ...] = ()
    ways_back: tuple[WayBack, ...] = ()

    def warned(self, *codes: WarningCode) -> "Case":
        """The case with more warnings."""
        return replace(self, warnings=(*self.warnings, *codes))

    def moved(self, radiograph: HandRadiograph, way_back: WayBack) -> "Case":
        """The case with a frame of another geometry."""
        return replace(self, radiograph=radiograph, ways_back=(*self.ways_back, way_back))

    def original_frame(self, values: Map) -> Map:
        """A map over the present frame, (H, W), carried back to the frame the radiograph came with."""
        for way_back in reversed(self.ways_back):
            values = way_back(values)
        return values


class Stage(BaseModel):
    """A step in front of the readers. Its fields are its parameters in the YAML file, each with its default."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)

    def apply(self, case: Case) -> Case | Refusal:
        """The case for the next stage, or why it is not read. Pure."""
        raise NotImplementedError
