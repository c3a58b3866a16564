"""Where the thirteen bones are (PreciseBAA 4.2): boxes with names, for readers of bones and for the report."""

from dataclasses import replace

import numpy as np
from pydantic import Field

from models.bones.places import places_of
from models.card import Card
from models.detection.anatomy import RUS_BONES, NamedHand, name_bones
from models.detection.bones import find_bones, require_bones
from models.detection.boxes import Boxes
from pipelines.contract import Bone, BoneFault, FoundBone, MissingBone, Refusal, RefusalCode, WarningCode
from pipelines.spec import Name
from pipelines.stages.contract import Case
from pipelines.stages.weighted import WeightedStage


class Bones(WeightedStage):
    """Puts the bones that were found on the case, in pixels of the frame it came with; warns where some are missing.

    Where next to none are found it refuses, if told to: it is no hand, or one that nothing should be read from.

    A detector finds boxes of seven kinds, and anatomy names them (`models.detection.anatomy`). What is missing stays
    missing, with the reason why.
    """

    weights: Name
    """Name of the weights of a detector of bones, and of their card."""
    youngest_months: float = Field(64.0, ge=0)
    """A child below this age, or read as such, is younger than all whose bones were marked; the result warns of it."""

    fewest: int = Field(0, ge=0, le=len(RUS_BONES))
    """An image with fewer of the thirteen is refused; 0 refuses none."""

    def _fit(self, card: Card) -> None:
        require_bones(card)

    def apply(self, case: Case) -> Case | Refusal:
        """The case with its bones, and a warning where one is missing; a refusal where too few are there."""
        frame = case.standard_frame[None]
        (found,) = find_bones(frame, self.model, device=self._device)
        hand = name_bones(_with_inside(found), self.model.card.classes)
        named = sum(bone.bone in RUS_BONES for bone in hand.bones)
        if named < self.fewest:
            detail = f"{named} of the {len(RUS_BONES)} bones are found; {self.fewest} are needed."
            return Refusal(RefusalCode.BONES_NOT_FOUND, detail, (self.identity,) if self.identity else ())
        missing = tuple(
            MissingBone(Bone(bone), BoneFault(fault)) for bone, fault in hand.missing.items() if bone in RUS_BONES
        )
        looked = replace(
            case,
            bones=_in_original(case, hand),
            missing_bones=missing,
            bones_from_months=self.youngest_months,
            places=places_of(hand),
        )
        return looked.warned(WarningCode.BONES_MISSING) if missing else looked


def _with_inside(found: Boxes) -> Boxes:
    """Those of which some lies in the frame, cut at its edges."""
    boxes = found.boxes.clip(0, 1)
    kept = (boxes[:, 2:] > boxes[:, :2]).all(1)
    return Boxes(boxes[kept], found.labels[kept], found.scores[kept])


def _in_original(case: Case, hand: NamedHand) -> tuple[FoundBone, ...]:
    """The thirteen of them that were found, from fractions of the present frame to pixels of the original one."""
    height, width = case.radiograph.pixels.shape
    named = [bone for bone in hand.bones if bone.bone in RUS_BONES]
    fractions = np.array([bone.box for bone in named], dtype=np.float64).reshape(-1, 4)
    corners = case.original_corners(fractions * [width, height, width, height]).tolist()
    return tuple(
        FoundBone(Bone(bone.bone), left, top, right, bottom, bone.score)
        for bone, (left, top, right, bottom) in zip(named, corners, strict=True)
    )
