"""What a stage is, and what stages hand on."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from models.bones.places import Places
from models.preprocess import standard_frame
from models.registry import LoadedModel
from pipelines.contract import (
    FoundBone,
    HandRadiograph,
    ImageQuality,
    Maturity,
    MissingBone,
    ModelIdentity,
    Refusal,
    WarningCode,
)

Map = NDArray[np.float32]
Corners = NDArray[np.float64]
"""(N, 4) left, top, right, bottom in pixels of a frame; (0, 0) is the outer corner of its first pixel."""
WayBack = Callable[[Map], Map]
"""A map over a stage's output frame -> the same map over its input frame."""
CornersBack = Callable[[Corners], Corners]
"""Boxes in a stage's output frame -> the same boxes in its input frame."""
Load = Callable[[str], LoadedModel]
"""Weights by name, checked by hash; raises ValueError where they are missing or altered."""


class Prepared:
    """Pixels as the networks want them, made when first asked for and then once for all stages."""

    def __init__(self, pixels: NDArray[np.float32]) -> None:
        self._pixels = pixels

    @cached_property
    def frame(self) -> NDArray[np.uint8]:
        """(299, 299), by `models.preprocess.standard_frame`."""
        return standard_frame(self._pixels)


@dataclass(frozen=True)
class Improved:
    """The present frame improved, to be read beside it. method: as reports call it; in_front: which reading counts."""

    radiograph: HandRadiograph
    method: str
    in_front: bool


@dataclass(frozen=True)
class Case:
    """One radiograph on its way: as the stages so far made it, what they warn of, and how maps and boxes go back.

    hand_mask: (H, W) bool over the frame the radiograph came with, true on the hand; None where no stage found one.
    bones, missing_bones: over the same frame; both empty where no stage looked for them.  bones_from_months: the least
    age at which they can be relied on, None where no stage looked for them.
    places: (13, 4) float32, the same boxes as fractions of the present frame, as `models.bones.places`; None where no
    stage looked for bones since the frame was moved.
    maturity: what the bones' levels say together; empty where no stage graded them.
    quality, improved: None where no stage judged it, or nothing was improved.
    """

    radiograph: HandRadiograph
    warnings: tuple[WarningCode, ...] = ()
    ways_back: tuple[WayBack, ...] = ()
    corners_back: tuple[CornersBack, ...] = ()
    hand_mask: NDArray[np.bool_] | None = None
    bones: tuple[FoundBone, ...] = ()
    missing_bones: tuple[MissingBone, ...] = ()
    bones_from_months: float | None = None
    places: Places | None = field(default=None, repr=False, compare=False)
    maturity: tuple[Maturity, ...] = ()
    quality: ImageQuality | None = None
    improved: Improved | None = None
    prepared: Prepared | None = field(default=None, repr=False, compare=False)

    def __post_init__(self) -> None:
        if self.prepared is None:
            object.__setattr__(self, "prepared", Prepared(self.radiograph.pixels))

    @property
    def standard_frame(self) -> NDArray[np.uint8]:
        """(299, 299) the present frame as the networks want it; cases of the same pixels share it."""
        assert self.prepared is not None, "held by __post_init__"
        return self.prepared.frame

    def warned(self, *codes: WarningCode) -> "Case":
        """The case with more warnings."""
        return replace(self, warnings=(*self.warnings, *codes))

    def moved(self, radiograph: HandRadiograph, way_back: WayBack, corners_back: CornersBack) -> "Case":
        """The case with a frame of another geometry, of which nothing was improved yet."""
        return replace(
            self,
            radiograph=radiograph,
            prepared=None,
            improved=None,
            places=None,
            ways_back=(*self.ways_back, way_back),
            corners_back=(*self.corners_back, corners_back),
        )

    def masked(self, hand_mask: NDArray[np.bool_]) -> "Case":
        """The case with a mask of the hand over the frame the radiograph came with."""
        return replace(self, hand_mask=hand_mask)

    def original_frame(self, values: Map) -> Map:
        """A map over the present frame, (H, W), carried back to the frame the radiograph came with."""
        for way_back in reversed(self.ways_back):
            values = way_back(values)
        return values

    def original_corners(self, corners: Corners) -> Corners:
        """Boxes in the present frame, (N, 4), carried back to the frame the radiograph came with."""
        for corners_back in reversed(self.corners_back):
            corners = corners_back(corners)
        return corners


class Stage(BaseModel):
    """A step in front of the readers. Its fields are its parameters in the YAML file, each with its default."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)

    behind: ClassVar[tuple[str, ...]] = ()
    """Names of stages that a pipeline must have in front of this one."""

    def loaded(self, load: Load, device: str) -> "Stage":
        """The stage ready for work: one with weights of its own loads them here, onto the device."""
        return self

    @property
    def identity(self) -> ModelIdentity | None:
        """Of the stage's own weights; None where it has none."""
        return None

    @property
    def identities(self) -> tuple[ModelIdentity, ...]:
        """Of all weights of the stage."""
        return (self.identity,) if self.identity else ()

    @property
    def in_force(self) -> str:
        """What decides beside the YAML file and the weights, as text; empty where nothing does."""
        return ""

    def apply(self, case: Case) -> Case | Refusal:
        """The case for the next stage, or why it is not read. Pure."""
        raise NotImplementedError
