"""Is there a radiograph to read at all? Thresholds leave a wide margin to the darkest real radiographs."""

import cv2
import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from pipelines.contract import HandRadiograph, Refusal, RefusalCode
from pipelines.stages.contract import Case, Stage

_GRID_PX = 64
"""Brightness is judged on this grid of area means, so that noise counts for nothing."""
_WHITE, _BLACK = 0.995, 0.005


class Checks(Stage):
    """Refuses several frames and frames that are too small, flat, empty or saturated.

    Brightness is that after the look-up tables, in [0, 1].
    """

    maximum_frames: int = Field(1, ge=1)
    """Objects with more frames are refused."""
    minimum_side_px: int = Field(128, ge=1)
    """Shortest side of a frame that is read."""
    minimum_range: float = Field(0.03, ge=0, le=1)
    """Least difference between the dark and the bright of the frame; 0.07 is the least among 3,352 radiographs."""
    minimum_covered: float = Field(0.05, ge=0, le=1)
    """Least share of the frame brighter than a tenth of that difference; 0.16 is the least among them."""
    maximum_white: float = Field(0.6, ge=0, le=1)
    """Largest share of fully white pixels; 0.18 is the largest among them."""
    maximum_clipped: float = Field(0.98, ge=0, le=1)
    """Largest share of fully white or fully black pixels; 0.84 is the largest among them."""

    def apply(self, case: Case) -> Case | Refusal:
        """The case as it came, or the first fault found."""
        return self._shape(case.radiograph) or self._brightness(case.radiograph.pixels) or case

    def _shape(self, radiograph: HandRadiograph) -> Refusal | None:
        height, width = radiograph.pixels.shape
        if radiograph.frames > self.maximum_frames:
            return Refusal(RefusalCode.SEVERAL_FRAMES, f"The object holds {radiograph.frames} frames.")
        if min(height, width) < self.minimum_side_px:
            return Refusal(
                RefusalCode.TOO_SMALL,
                f"The frame has {height} x {width} pixels; each side needs {self.minimum_side_px}.",
            )
        return None

    def _brightness(self, pixels: NDArray[np.float32]) -> Refusal | None:
        grid = cv2.resize(pixels, (_GRID_PX, _GRID_PX), interpolation=cv2.INTER_AREA)
        dark, bright = np.percentile(grid, (0.5, 99.5))
        white, black = float((pixels >= _WHITE).mean()), float((pixels <= _BLACK).mean())
        covered = float((grid > dark + 0.1 * (bright - dark)).mean())
        if white > self.maximum_white:
            return Refusal(RefusalCode.SATURATED, f"{white:.0%} of the frame is white.")
        if bright - dark < self.minimum_range:
            return Refusal(RefusalCode.FLAT, "The frame shows next to no contrast.")
        if covered < self.minimum_covered:
            return Refusal(RefusalCode.EMPTY, f"Only {covered:.1%} of the frame shows anything.")
        if white + black > self.maximum_clipped:
            return Refusal(RefusalCode.SATURATED, f"{white + black:.0%} of the frame is black or white.")
        return None
