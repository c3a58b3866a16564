"""What a display shutter hides of an image (PS3.3 C.7.6.11): collimated borders, to be shown black."""

from collections.abc import Callable, Iterable

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw
from pydicom import Dataset

Mask = NDArray[np.bool_]
Size = tuple[int, int]
"""Rows and columns."""


def shuttered(header: Dataset, size: Size) -> Mask | None:
    """True where any of the shutters hides the pixel; None where none does, all would, or they cannot be read.

    Rows and columns count from 1, and the pixels on an edge are seen. A shape that the standard does not know hides
    nothing.
    """
    shapes = header.get("ShutterShape") or ()
    names = [shapes] if isinstance(shapes, str) else list(shapes)
    seen = np.ones(size, dtype=np.bool_)
    try:
        for name in names:
            if name in _SEEN:
                seen &= _SEEN[name](header, size)
    except (TypeError, ValueError, IndexError, AttributeError, OverflowError):
        return None
    return ~seen if 0 < np.count_nonzero(seen) < seen.size else None


def _rectangle(header: Dataset, size: Size) -> Mask:
    """Rows and columns between the edges."""
    left, right = int(header.ShutterLeftVerticalEdge), int(header.ShutterRightVerticalEdge)
    upper, lower = int(header.ShutterUpperHorizontalEdge), int(header.ShutterLowerHorizontalEdge)
    rows, columns = _grid(size)
    return np.asarray((rows >= upper) & (rows <= lower) & (columns >= left) & (columns <= right))


def _circle(header: Dataset, size: Size) -> Mask:
    """Pixels at most the radius from the centre."""
    (row, column), radius = _pairs(header.CenterOfCircularShutter)[0], int(header.RadiusOfCircularShutter)
    rows, columns = _grid(size)
    return np.asarray((rows - row) ** 2 + (columns - column) ** 2 <= radius**2)


def _polygon(header: Dataset, size: Size) -> Mask:
    """Pixels inside the vertices, the last joined to the first."""
    picture = Image.new("1", (size[1], size[0]))
    corners = [(column - 1, row - 1) for row, column in _pairs(header.VerticesOfThePolygonalShutter)]
    ImageDraw.Draw(picture).polygon(corners, fill=1, outline=1)
    return np.asarray(picture, dtype=np.bool_)


_SEEN: dict[str, Callable[[Dataset, Size], Mask]] = {
    "RECTANGULAR": _rectangle,
    "CIRCULAR": _circle,
    "POLYGONAL": _polygon,
}


def _grid(size: Size) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Row numbers (H, 1) and column numbers (1, W), from 1."""
    return np.arange(1, size[0] + 1)[:, None], np.arange(1, size[1] + 1)[None]


def _pairs(values: Iterable[object]) -> list[tuple[int, int]]:
    """row, column, row, column, ... as pairs."""
    numbers = [int(str(value)) for value in values]
    return list(zip(numbers[::2], numbers[1::2], strict=True))
