"""The thirteen bones in a chart: the level of each as a bar of steps, or its bone age as a dot with an interval."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from PIL import Image

from dicom_node.report.panel import BACKGROUND, QUIET, READING, RULE, TEXT, Colour, Column
from dicom_node.report.summary import readings_in_front
from dicom_node.report.words import bone_label, years_and_months
from models.detection.hand_shape import HandBone
from models.levels.scale import BONES, COUNTS
from pipelines.contract import Bone, FoundBone, Reading

_FINER: Final = 2
_ROW_UNITS: Final = 1.3
_NAME_UNITS: Final = 4.0
_VALUE_UNITS: Final = 8.4
"""Holds the longest text, "14 of 14, score 210"."""
_REACHED: Final[Colour] = (86, 180, 233)
_TOP_LEVELS: Final = {Bone(HandBone(bone)): count - 1 for bone, count in zip(BONES, COUNTS, strict=True)}


@dataclass(frozen=True)
class _Axis:
    """Months low to high, over pixels left to right."""

    low: float
    high: float
    left: float
    right: float

    def x(self, months: float) -> float:
        share = (min(max(months, self.low), self.high) - self.low) / (self.high - self.low)
        return self.left + (self.right - self.left) * share


def draw_levels(column: Column, bones: Sequence[FoundBone], scale: str) -> None:
    """A row a graded bone: as many steps as its scale has, the reached ones filled; level and score in figures.

    At least one bone is graded.
    """
    graded = [bone for bone in bones if bone.level is not None]
    column.text(f"{scale} level of each bone", 0.85, QUIET)
    sheet = _sheet(column)
    left, right = _NAME_UNITS * sheet.unit, sheet.width - _VALUE_UNITS * sheet.unit
    for n, bone in enumerate(graded):
        middle, level, top = (n + 0.5) * _ROW_UNITS * sheet.unit, bone.level or 0, _TOP_LEVELS[bone.bone]
        step = (right - left) / top
        for each in range(top):
            box = (left + each * step + _FINER, middle - 0.4 * sheet.unit, left + (each + 1) * step - _FINER)
            sheet.draw.rectangle((*box, middle + 0.4 * sheet.unit), fill=_REACHED if each < level else RULE)
        score = "" if bone.level_score is None else f", score {bone.level_score}"
        _row(sheet, middle, bone, f"{level} of {top}{score}")
    _paste(column, sheet, len(graded) * _ROW_UNITS)


def draw_bone_ages(column: Column, reading: Reading) -> None:
    """A row a bone that has an age: a dot with its interval, over a line at the bone age of the whole hand."""
    aged = [(bone, bone.bone_age_months, bone.interval_months) for bone in reading.bones]
    rows = [(bone, age, ends) for bone, age, ends in aged if age is not None and ends is not None]
    fronts = [one.bone_age_months for one in readings_in_front(reading)]
    column.text("Bone age by each bone alone, with 95 % interval; line: whole hand. For research.", 0.85, QUIET)
    sheet = _sheet(column)
    bounds = [bound for _, _, ends in rows for bound in ends] + fronts
    axis = _Axis(min(bounds), max(bounds), _NAME_UNITS * sheet.unit, sheet.width - _VALUE_UNITS * sheet.unit)
    foot = len(rows) * _ROW_UNITS * sheet.unit
    for front in fronts:
        sheet.draw.line((axis.x(front), 0, axis.x(front), foot), fill=READING, width=2 * _FINER)
    for n, (bone, age, (low, high)) in enumerate(rows):
        middle, radius = (n + 0.5) * _ROW_UNITS * sheet.unit, 0.32 * sheet.unit
        sheet.draw.line((axis.x(low), middle, axis.x(high), middle), fill=_REACHED, width=_FINER)
        dot = (axis.x(age) - radius, middle - radius, axis.x(age) + radius, middle + radius)
        sheet.draw.ellipse(dot, fill=_REACHED, outline=BACKGROUND, width=_FINER)
        _row(sheet, middle, bone, years_and_months(age))
    _paste(column, sheet, len(rows) * _ROW_UNITS)


def _row(sheet: Column, middle: float, bone: FoundBone, value: str) -> None:
    face, edge = sheet.face(0.85), sheet.width - (_VALUE_UNITS - 0.5) * sheet.unit
    sheet.draw.text((0, middle), bone_label(bone.bone), font=face, fill=QUIET, anchor="lm")
    sheet.draw.text((edge, middle), value, font=face, fill=TEXT, anchor="lm")


def _sheet(column: Column) -> Column:
    """Drawn finer than it is shown, so that dots are round."""
    return Column(column.inner * _FINER, column.unit * _FINER, column.typeface)


def _paste(column: Column, sheet: Column, units: float) -> None:
    height = round(units * column.unit)
    cut = sheet.image.crop((0, 0, column.inner * _FINER, height * _FINER))
    column.image.paste(cut.resize((column.inner, height), Image.Resampling.BOX), (column.margin, round(column.y)))
    column.y += height
    column.gap(0.4)
