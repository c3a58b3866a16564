"""The two images of a picture, each with a strip of words below: the radiograph with its bones, and the map with its
legend."""

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from dicom_node.report import overlay, panel
from dicom_node.report.labels import label, right_sided
from dicom_node.report.panel import Column
from dicom_node.report.typeface import Typeface
from pipelines.contract import FoundBone

STRIP_UNITS: Final = 2.2
"""Height of the strip below an image."""
_BOX: Final = (86, 180, 233)
"""Sky blue, which stands out from grey for everybody (Okabe and Ito)."""
_NAME: Final = (190, 228, 250)
_PLATE: Final = (16, 30, 42)
_SHADOW: Final = (0, 0, 0)

Box = tuple[float, float, float, float]
"""left, top, right, bottom in pixels of the picture."""


def fitted_size(shape: tuple[int, ...], side_px: int) -> tuple[int, int]:
    """Height and width at the shape's own aspect, the longer one side_px."""
    scale = side_px / max(shape[:2])
    height, width = (max(1, round(length * scale)) for length in shape[:2])
    return height, width


def radiograph(pixels: NDArray[np.float32], bones: Sequence[FoundBone], side_px: int, unit: float) -> NDArray[np.uint8]:
    """(h, w, 3): the radiograph, with a box and a label for each bone that was found."""
    height, width = fitted_size(pixels.shape, side_px)
    grey = np.round(255 * overlay.fitted(pixels, width, height).clip(0, 1)).astype(np.uint8)
    image = Image.fromarray(np.repeat(grey[..., None], 3, axis=2))
    draw, scale = ImageDraw.Draw(image), width / pixels.shape[1]
    boxes = [(one.left * scale, one.top * scale, one.right * scale - 1, one.bottom * scale - 1) for one in bones]
    for box in boxes:
        _box(draw, box, unit)
    for bone, box, on_right in zip(bones, boxes, right_sided(bones), strict=True):
        _label(image, box, label(bone), unit, on_right)
    return np.asarray(image, dtype=np.uint8)


def heatmap(pixels: NDArray[np.float32], heatmap_months: NDArray[np.float32], side_px: int) -> NDArray[np.uint8]:
    """(h, w, 3): the radiograph under its map, at the same size."""
    height, width = fitted_size(pixels.shape, side_px)
    strengths = overlay.strength(overlay.fitted(heatmap_months, width, height))
    return overlay.blend(overlay.fitted(pixels, width, height), strengths)


def captioned(image: NDArray[np.uint8], words: str, unit: float, legend: bool = False) -> NDArray[np.uint8]:
    """The image over its strip: words, and the map's legend where it has one."""
    strip = Column(image.shape[1], unit)
    middle, face = STRIP_UNITS * unit / 2, strip.face(0.85)
    if legend:
        _write_legend(strip, middle)
    else:
        strip.draw.text((0.4 * unit, middle), words, font=face, fill=panel.QUIET, anchor="lm")
    drawn = np.asarray(strip.image, dtype=np.uint8)[: round(STRIP_UNITS * unit)]
    return np.concatenate([image, drawn])


def _write_legend(strip: Column, middle: float) -> None:
    """younger hand [ramp] older hand, across the strip."""
    face, unit = strip.face(0.85), strip.unit
    left = round(0.4 * unit + face.getlength("speaks for a younger hand") + 0.5 * unit)
    right = round(strip.width - face.getlength("older hand") - 0.9 * unit)
    strip.draw.text((0.4 * unit, middle), "speaks for a younger hand", font=face, fill=panel.QUIET, anchor="lm")
    strip.draw.text((strip.width - 0.4 * unit, middle), "older hand", font=face, fill=panel.QUIET, anchor="rm")
    if right - left > unit:
        ramp = overlay.legend(right - left, max(1, round(0.8 * unit)))
        strip.image.paste(Image.fromarray(ramp), (left, round(middle - 0.4 * unit)))


def _box(draw: ImageDraw.ImageDraw, box: Box, unit: float) -> None:
    line = max(1, round(0.1 * unit))
    draw.rectangle((box[0] - 1, box[1] - 1, box[2] + 1, box[3] + 1), outline=_SHADOW, width=line + 2)
    draw.rectangle(box, outline=_BOX, width=line)


def _label(image: Image.Image, box: Box, words: str, unit: float, on_right: bool) -> None:
    """A dark plate with the bone's name beside its box."""
    face = Typeface().face(words, max(10, round(0.95 * unit)))
    width, height, gap = face.getlength(words) + 0.5 * unit, 1.25 * unit, 0.25 * unit
    left = min(max(box[2] + gap if on_right else box[0] - gap - width, 0.0), image.width - width)
    top = min(max((box[1] + box[3] - height) / 2, 0.0), image.height - height)
    draw = ImageDraw.Draw(image)
    draw.rounded_rectangle((left, top, left + width, top + height), radius=0.25 * unit, fill=_PLATE)
    draw.text((left + width / 2, top + height / 2), words, font=face, fill=_NAME, anchor="mm")
