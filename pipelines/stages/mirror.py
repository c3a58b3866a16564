"""Right hands are read as left ones: the atlas and the training radiographs show left hands."""

from dataclasses import replace
from functools import partial

import numpy as np

from pipelines.contract import Laterality, WarningCode
from pipelines.stages.contract import Case, Corners, Map, Stage


class MirrorRight(Stage):
    """Mirrors the frame where the laterality says right, warns of it, and mirrors maps and boxes back."""

    def apply(self, case: Case) -> Case:
        """The case, mirrored left to right where it is a right hand."""
        radiograph = case.radiograph
        if radiograph.laterality is not Laterality.RIGHT:
            return case
        width = radiograph.pixels.shape[1]
        moved = case.moved(
            replace(radiograph, pixels=mirrored(radiograph.pixels)), mirrored, partial(mirrored_corners, width=width)
        )
        return moved.warned(WarningCode.RIGHT_HAND)


def mirrored(values: Map) -> Map:
    """(H, W) with its columns in reverse order; twice is the identity."""
    return np.ascontiguousarray(values[:, ::-1])


def mirrored_corners(corners: Corners, *, width: int) -> Corners:
    """(N, 4) boxes in the mirror image of a frame of this width."""
    left, top, right, bottom = corners.T
    return np.stack([width - right, top, width - left, bottom], axis=1)
