"""Right hands are read as left ones: the atlas and the training radiographs show left hands."""

from dataclasses import replace

import numpy as np

from pipelines.contract import Laterality, WarningCode
from pipelines.stages.contract import Case, Map, Stage


class MirrorRight(Stage):
    """Mirrors the frame where the laterality says right, warns of it, and mirrors maps back."""

    def apply(self, case: Case) -> Case:
        """The case, mirrored left to right where it is a right hand."""
        radiograph = case.radiograph
        if radiograph.laterality is not Laterality.RIGHT:
            return case
        return case.moved(replace(radiograph, pixels=mirrored(radiograph.pixels)), mirrored).warned(
            WarningCode.RIGHT_HAND
        )


def mirrored(values: Map) -> Map:
    """(H, W) with its columns in reverse order; twice is the identity."""
    return np.ascontiguousarray(values[:, ::-1])
