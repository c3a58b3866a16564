"""The confusion of a grader's levels as a picture: a square a bone."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from models.evaluation.canvas import GRID, INK, SERIES, Picture, font
from models.levels.scale import BONES, COUNTS, MOST_LEVELS

_CELL, _ACROSS, _GAP, _TOP = 12, 5, 26, 44


def confusion_sheet(title: str, counts: NDArray[np.int64]) -> Picture:
    """counts: (13, 15, 15). Rows are labelled levels from above, columns told ones, dark as their share of the row."""
    side = MOST_LEVELS * _CELL
    down = -(-len(BONES) // _ACROSS)
    size = (_ACROSS * (side + _GAP) + _GAP, _TOP + down * (side + _GAP) + _GAP)
    image = Image.new("RGB", size, (255, 255, 255))
    draw = ImageDraw.Draw(image)
    draw.text((_GAP, 8), title, INK, font(15))
    for n, (bone, count) in enumerate(zip(BONES, COUNTS, strict=True)):
        left, top = _GAP + n % _ACROSS * (side + _GAP), _TOP + n // _ACROSS * (side + _GAP) + 8
        draw.text((left, top - 16), str(bone), INK, font(12))
        shares = counts[n] / np.maximum(counts[n].sum(1, keepdims=True), 1)
        for row in range(count):
            for column in range(count):
                x, y = left + column * _CELL, top + row * _CELL
                draw.rectangle((x, y, x + _CELL, y + _CELL), _shade(float(shares[row, column])), GRID)
    return np.asarray(image)


def _shade(share: float) -> tuple[int, int, int]:
    """White to the first series' colour."""
    red, green, blue = (round(255 - share * (255 - value)) for value in SERIES[0])
    return red, green, blue
