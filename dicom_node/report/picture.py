"""The picture of a reading: the radiograph with its heatmap, and beside it the result in words.

Never the patient's identity: that stands in the object's header, where it can be corrected.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from dicom_node.report import overlay, panel
from dicom_node.report.chart import Marks, draw_chart
from dicom_node.report.comparison import REFERENCE, Comparison, compare
from dicom_node.report.panel import Column
from dicom_node.report.summary import readings_in_front
from dicom_node.report.words import (
    LATERALITY_WORDS,
    SEX_WORDS,
    interval_words,
    warning_words,
    words_of_use,
    years_and_months,
)
from pipelines.contract import Laterality, ReaderReading, Reading, Sex, WarningCode

_UNITS_A_SIDE: Final = 52
"""Type sizes count in units of this part of the radiograph's longest side."""
_SMALLEST_UNIT_PX: Final = 14
"""Smaller type is hard to read, however small the radiograph."""
_PANEL_UNITS: Final = 28
"""Width of the panel."""


def draw_picture(
    pixels: NDArray[np.float32],
    reading: Reading,
    *,
    age_months: float | None = None,
    laterality: Laterality | None = None,
    pipeline_name: str = "",
    software_version: str = "",
    site_words: str = "",
    side_px: int = 1024,
) -> NDArray[np.uint8]:
    """Radiograph with heatmap, and the panel to its right: (H, W, 3) uint8 RGB.

    pixels: (H, W) float32 in [0, 1], bone bright; reading.heatmap_months: the same frame.
    side_px: longest side of the radiograph in the picture; its aspect is kept, the panel comes on top.
    """
    image = radiograph_with_heatmap(pixels, reading.heatmap_months, side_px)
    unit = max(side_px / _UNITS_A_SIDE, _SMALLEST_UNIT_PX)
    body, foot = Column(round(_PANEL_UNITS * unit), unit), Column(round(_PANEL_UNITS * unit), unit)
    _write_reading(body, reading, age_months, laterality)
    _write_legend(body)
    _write_origin(foot, reading, pipeline_name, software_version, site_words)
    return _beside(image, body.finished(), foot.finished())


def radiograph_with_heatmap(
    pixels: NDArray[np.float32], heatmap_months: NDArray[np.float32], side_px: int
) -> NDArray[np.uint8]:
    """(h, w, 3) uint8 at the radiograph's own aspect, its longest side side_px."""
    scale = side_px / max(pixels.shape)
    height, width = (max(1, round(length * scale)) for length in pixels.shape)
    strengths = overlay.strength(overlay.fitted(heatmap_months, width, height))
    return overlay.blend(overlay.fitted(pixels, width, height), strengths)


def _beside(image: NDArray[np.uint8], body: NDArray[np.uint8], foot: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The radiograph left, the panel right: its body at the top, its foot at the bottom."""
    height = max(image.shape[0], body.shape[0] + foot.shape[0])
    picture = np.zeros((height, image.shape[1] + body.shape[1], 3), dtype=np.uint8)
    top = (height - image.shape[0]) // 2
    picture[top : top + image.shape[0], : image.shape[1]] = image
    picture[:, image.shape[1] :] = panel.BACKGROUND
    picture[: body.shape[0], image.shape[1] :] = body
    picture[height - foot.shape[0] :, image.shape[1] :] = foot
    return picture


def _write_reading(column: Column, reading: Reading, age_months: float | None, laterality: Laterality | None) -> None:
    comparison = compare(reading, age_months)
    column.text("BONE AGE, READ AUTOMATICALLY", 0.85, panel.QUIET, leading=1.7)
    readings = readings_in_front(reading)
    mature = WarningCode.BEYOND_SCALE in reading.warnings
    for one in readings:
        _write_bone_age(column, one, f"If {SEX_WORDS[one.sex]}" if reading.sex is None else "", mature)
    column.gap(0.5)
    rows = tuple(
        (f"if {SEX_WORDS[one.sex]}" if reading.sex is None else "", one.bone_age_months, one.interval_months)
        for one in readings
    )
    if rows:
        draw_chart(column, Marks(rows, age_months, comparison.population_sd_months))
    column.rule()
    _write_subject(column, reading.sex, age_months, laterality, comparison)
    for warning in reading.warnings:
        column.gap(0.35)
        column.text(warning_words(warning), 1.0, panel.WARNING)


def _write_bone_age(column: Column, one: ReaderReading, condition: str, mature: bool) -> None:
    if condition:
        column.text(condition, 1.0, panel.QUIET)
    headline = "mature" if mature and not condition else years_and_months(one.bone_age_months)
    column.text(headline, 2.2 if condition else 3.2, panel.READING, leading=1.25)
    low, high = one.interval_months
    column.text(f"{one.bone_age_months:.1f} months")
    column.text(f"95 % interval {interval_words((low, high))} ({low:.0f} to {high:.0f} mo)", 1.0, panel.QUIET)
    column.gap(0.4)


def _write_subject(
    column: Column,
    sex: Sex | None,
    age_months: float | None,
    laterality: Laterality | None,
    comparison: Comparison,
) -> None:
    column.row("Sex", SEX_WORDS[sex] if sex else "not known")
    column.row("Hand", LATERALITY_WORDS[laterality] if laterality else "side not stated")
    if age_months is None:
        column.row("Chronological age", "not known")
        return
    column.row("Chronological age", f"{years_and_months(age_months)} ({age_months:.1f} months)", panel.AGE)
    if comparison.difference_months is not None:
        column.row("Difference", f"{comparison.difference_months:+.1f} months")
    if comparison.z_score is not None and comparison.population_sd_months is not None:
        column.row("Z-score", f"{comparison.z_score:+.2f} (SD {comparison.population_sd_months:.1f} months)")
        column.row("Reference", REFERENCE)
    elif comparison.difference_months is not None:
        column.row("Z-score", "none: outside the reference table")


def _write_legend(column: Column) -> None:
    column.rule()
    column.text("Heatmap: what speaks for a", 0.9, panel.QUIET)
    column.gap(0.2)
    column.paste(overlay.legend(column.inner, round(0.8 * column.unit)))
    column.gap(0.25)
    face, y = column.face(0.8), column.y
    column.draw.text((column.margin, y), "younger hand", font=face, fill=panel.QUIET)
    column.draw.text((column.width - column.margin, y), "older hand", font=face, fill=panel.QUIET, anchor="ra")
    column.gap(1.2)


def _write_origin(column: Column, reading: Reading, pipeline_name: str, software_version: str, site_words: str) -> None:
    node = " ".join(part for part in ("dicom-node", software_version) if part)
    column.text(f"{node}, pipeline {pipeline_name}" if pipeline_name else node, 0.8, panel.QUIET)
    if reading.method:
        column.text(f"Method: {reading.method}", 0.8, panel.QUIET)
    for model in reading.models:
        column.text(f"Model: {model.name} {model.version}, sha256 {model.sha256[:12]}", 0.8, panel.QUIET)
    column.gap(0.5)
    column.text(words_of_use(site_words), 1.0, panel.TEXT)
