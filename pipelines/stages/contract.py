"""What a stage is, and what stages hand on."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from models.registry import LoadedModel
from pipelines.contract import HandRadiograph, ModelIdentity, Refusal, WarningCode

Map = NDArray[np.float32]
WayBack = Callable[[Map], Map]
"""A map over a stage's output frame -> the same map over its input frame."""
Load = Callable[[str], LoadedModel]
"""Weights by name, checked by hash; raises ValueError where they are missing or altered."""


@dataclass(frozen=True)
class Case:
    """One radiograph on its way: as the stages so far made it, what they warn of, and how maps go back.

    hand_mask: (H, W) bool over the frame the radiograph came with, true on the hand; None where no stage found one.
    """

    radiograph: HandRadiograph
    warnings: tuple[WarningCode, ...] = ()
    ways_back: tuple[WayBack, ...] = ()
    hand_mask: NDArray[np.bool_] | None = None

    def warned(self, *codes: WarningCode) -> "Case":
        """The case with more warnings."""
        return replace(self, warnings=(*self.warnings, *codes))

    def moved(self, radiograph: HandRadiograph, way_back: WayBack) -> "Case":
        """The case with a frame of another geometry."""
        return replace(self, radiograph=radiograph, ways_back=(*self.ways_back, way_back))

    def masked(self, hand_mask: NDArray[np.bool_]) -> "Case":
        """The case with a mask of the hand over the frame the radiograph came with."""
        return replace(self, hand_mask=hand_mask)

    def original_frame(self, values: Map) -> Map:
        """A map over the present frame, (H, W), carried back to the frame the radiograph came with."""
        for way_back in reversed(self.ways_back):
            values = way_back(values)
        return values


class Stage(BaseModel):
    """A step in front of the readers. Its fields are its parameters in the YAML file, each with its default."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)

    def loaded(self, load: Load, device: str) -> "Stage":
        """The stage ready for work: one with weights of its own loads them here, onto the device."""
        return self

    @property
    def identity(self) -> ModelIdentity | None:
        """Of the stage's own weights; None where it has none."""
        return None

    @property
    def in_force(self) -> str:
        """What decides beside the YAML file and the weights, as text; empty where nothing does."""
        return ""

    def apply(self, case: Case) -> Case | Refusal:
        """The case for the next stage, or why it is not read. Pure."""
        raise NotImplementedError
