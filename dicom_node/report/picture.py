"""The picture: the radiograph beside its map, and the answer in words and a growth plot.

Never the patient's identity, unless the site asks for it: it stands in the object's header, where it can be corrected.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from dicom_node.report import figures, panel
from dicom_node.report.contract import EarlierReading
from dicom_node.report.panel import Column
from dicom_node.report.reading_panel import write_origin, write_reading, write_refusal
from dicom_node.report.typeface import Typeface
from pipelines.contract import Laterality, Reading, Refusal

_UNITS_A_SIDE: Final = 50
"""Type sizes count in units of this part of the radiograph's longest side."""
_SMALLEST_UNIT_PX: Final = 14
"""Smaller type is hard to read, however small the radiograph."""
_PANEL_UNITS: Final = 28
"""Width of the panel."""

Pixels = NDArray[np.uint8]
"""(H, W, 3) RGB."""


@dataclass(frozen=True)
class Shown:
    """What a picture tells of one image.

    identity: lines that name the patient, for sites that ask for them. supersedes: a sentence on an earlier report.
    """

    answer: Reading | Refusal
    age_months: float | None = None
    laterality: Laterality | None = None
    earlier: tuple[EarlierReading, ...] = ()
    identity: tuple[str, ...] = ()
    supersedes: str = ""


@dataclass(frozen=True)
class Imprint:
    """Who made a picture, in which words, size and type. side_px: the longest side of a radiograph in it."""

    pipeline_name: str = ""
    software_version: str = ""
    site_words: str = ""
    side_px: int = 1024
    font_file: Path | None = None


def draw_picture(pixels: NDArray[np.float32] | None, shown: Shown, imprint: Imprint = Imprint()) -> Pixels:
    """Radiograph and map, and the panel to their right: (H, W, 3) uint8 RGB.

    pixels: (H, W) float32 in [0, 1], bone bright, at their own aspect; None for a refusal without an image.
    """
    unit = max(imprint.side_px / _UNITS_A_SIDE, _SMALLEST_UNIT_PX)
    typeface, width = Typeface(imprint.font_file), round(_PANEL_UNITS * unit)
    body, foot = Column(width, unit, typeface), Column(width, unit, typeface)
    for line in shown.identity:
        body.text(line, 1.0, panel.TEXT)
    if shown.identity:
        body.rule()
    if isinstance(shown.answer, Reading):
        write_reading(body, shown.answer, shown.age_months, shown.laterality, shown.earlier)
    else:
        write_refusal(body, shown.answer)
    if shown.supersedes:
        body.gap(0.4)
        body.text(shown.supersedes, 0.9, panel.QUIET)
    write_origin(foot, shown.answer, imprint.pipeline_name, imprint.software_version, imprint.site_words)
    return _arranged(_figures(pixels, shown.answer, imprint.side_px, unit), body.finished(), foot.finished())


def _figures(
    pixels: NDArray[np.float32] | None, answer: Reading | Refusal, side_px: int, unit: float
) -> tuple[Pixels, ...]:
    if pixels is None:
        return ()
    if not isinstance(answer, Reading):
        return (figures.captioned(figures.radiograph(pixels, (), side_px, unit), "radiograph, not read", unit),)
    plain = figures.radiograph(pixels, answer.bones, side_px, unit)
    words = f"radiograph, {len(answer.bones)} of 13 bones found" if answer.bones else "radiograph"
    mapped = figures.heatmap(pixels, answer.heatmap_months, side_px)
    return figures.captioned(plain, words, unit), figures.captioned(mapped, "", unit, legend=True)


def _arranged(images: Sequence[Pixels], body: Pixels, foot: Pixels) -> Pixels:
    """Images side by side or one above the other, whichever makes the smaller picture; the panel at their right."""
    if not images:
        return _beside(np.zeros((body.shape[0] + foot.shape[0], 0, 3), np.uint8), body, foot)
    rows = _beside(np.concatenate(images, axis=1), body, foot)
    columns = _beside(np.concatenate(images, axis=0), body, foot)
    return rows if rows.size <= columns.size else columns


def _beside(image: Pixels, body: Pixels, foot: Pixels) -> Pixels:
    """The images left, the panel right: its body at the top, its foot at the bottom."""
    height = max(image.shape[0], body.shape[0] + foot.shape[0])
    picture = np.full((height, image.shape[1] + body.shape[1], 3), panel.BACKGROUND, dtype=np.uint8)
    picture[: image.shape[0], : image.shape[1]] = image
    picture[: body.shape[0], image.shape[1] :] = body
    picture[height - foot.shape[0] :, image.shape[1] :] = foot
    return picture
