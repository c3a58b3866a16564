"""A presentation state over its image, drawn as a viewer would: the state's own look, boxes and words."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw
from pydicom import Dataset

from dicom_node.report.typeface import Typeface

_COLOURS = {"BONES": (86, 180, 233), "READING": (255, 196, 84)}
_EDGES_A_HEIGHT = 600
"""The dark edge of a letter is this share of the image's height; a small image has none."""


def over_image(source: Dataset, state: Dataset) -> Image.Image:
    """RGB at the image's own size, letters with a dark edge, as viewers set them over bright bone.

    source: grey, with a window in the state; its values are not rescaled.
    """
    image = Image.fromarray(np.repeat(_grey(source, state)[..., None], 3, axis=2))
    draw, face = ImageDraw.Draw(image), Typeface().face("", max(10, image.height // 56))
    for annotation in state.GraphicAnnotationSequence:
        colour = _COLOURS[annotation.GraphicLayer]
        for shape in annotation.get("GraphicObjectSequence", ()):
            points = np.array(shape.GraphicData).reshape(-1, 2) - 0.5
            draw.line([(float(x), float(y)) for x, y in points], fill=colour, width=2)
        for words in annotation.get("TextObjectSequence", ()):
            place, anchor = _place(words, image), _anchor(words)
            edge = image.height // _EDGES_A_HEIGHT
            draw.text(place, _lines(words), colour, face, anchor, stroke_width=edge, stroke_fill="black")
    return image


def _grey(source: Dataset, state: Dataset) -> NDArray[np.uint8]:
    values = source.pixel_array.astype(np.float64)
    (window,) = state.SoftcopyVOILUTSequence
    shown = (values - (float(window.WindowCenter) - 0.5)) / (float(window.WindowWidth) - 1) + 0.5
    shown = 1 - shown if state.PresentationLUTShape == "INVERSE" else shown
    return np.round(255 * shown.clip(0, 1)).astype(np.uint8)


def _place(words: Dataset, image: Image.Image) -> tuple[float, float]:
    """The corner of the bounding box at which the text begins or ends."""
    left, top = words.BoundingBoxTopLeftHandCorner
    right = words.BoundingBoxBottomRightHandCorner[0]
    across, down = image.size if words.BoundingBoxAnnotationUnits == "DISPLAY" else (1, 1)
    return across * (left if _from_left(words) else right), down * top


def _anchor(words: Dataset) -> str | None:
    return None if _from_left(words) else "ra"


def _from_left(words: Dataset) -> bool:
    return bool(words.BoundingBoxTextHorizontalJustification == "LEFT")


def _lines(words: Dataset) -> str:
    return str(words.UnformattedTextValue).replace("\r\n", "\n")
