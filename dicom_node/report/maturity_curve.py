"""The total score on the curve that tells its bone age, as PreciseBAA Fig. 6 draws it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from PIL import Image

from dicom_node.report.panel import BACKGROUND, QUIET, READING, RULE, TEXT, Column
from dicom_node.report.words import SEX_WORDS
from models.levels.curve import curve
from pipelines.contract import Maturity

_FINER: Final = 2
_ASPECT: Final = 0.5
"""Height to width of the inside."""
_YEARS: Final = 20
_YEAR_STEP: Final = 4
_SCORE_STEP: Final = 200


@dataclass(frozen=True)
class _Field:
    """The inside: left, top, right, bottom in pixels; scores from 0 to most along x, years from 0 to _YEARS along y."""

    most: int
    left: float
    top: float
    right: float
    bottom: float

    def x(self, score: float) -> float:
        return self.left + (self.right - self.left) * score / self.most

    def y(self, months: float) -> float:
        return self.bottom - (self.bottom - self.top) * min(months / 12, _YEARS) / _YEARS


def draw_curve(column: Column, maturity: Sequence[Maturity]) -> None:
    """For each sex read the 50th percentile curve as far as it rises, with lines from score to curve and to age.

    maturity: at least one. Draws at the column's place.
    """
    sheet = Column(column.inner * _FINER, column.unit * _FINER, column.typeface)
    unit, face = sheet.unit, sheet.face(0.82)
    sexes = " and ".join(SEX_WORDS[one.sex] for one in maturity)
    sheet.draw.text((0, 0), f"bone age, years ({maturity[0].scale}, 50th percentile, {sexes})", font=face, fill=QUIET)
    left, top, right = 1.7 * unit, 1.3 * unit, sheet.width - 1.2 * unit
    field = _Field(maturity[0].most_score, left, top, right, top + _ASPECT * (right - left))
    _grid(sheet, field)
    for one in maturity:
        _mark(sheet, field, one)
    foot = field.bottom + 1.35 * unit
    sheet.draw.text((right, foot), "total score", font=face, fill=QUIET, anchor="ra")
    height = round((foot + unit) / _FINER)
    cut = sheet.image.crop((0, 0, column.inner * _FINER, height * _FINER))
    column.image.paste(cut.resize((column.inner, height), Image.Resampling.BOX), (column.margin, round(column.y)))
    column.y += height + 0.4 * column.unit


def _grid(sheet: Column, field: _Field) -> None:
    draw, face, unit = sheet.draw, sheet.face(0.85), sheet.unit
    for year in range(0, _YEARS + 1, _YEAR_STEP):
        y = field.y(12 * year)
        draw.line((field.left, y, field.right, y), fill=RULE, width=_FINER)
        draw.text((field.left - 0.4 * unit, y), str(year), font=face, fill=QUIET, anchor="rm")
    for score in range(0, field.most + 1, _SCORE_STEP):
        x = field.x(score)
        draw.line((x, field.top, x, field.bottom), fill=RULE, width=_FINER)
        draw.text((x, field.bottom + 0.25 * unit), str(score), font=face, fill=QUIET, anchor="ma")


def _mark(sheet: Column, field: _Field, one: Maturity) -> None:
    """The curve, and where this score stands on it, with its interval of age."""
    draw, unit, known = sheet.draw, sheet.unit, curve(one.sex.value)
    rising = range(known.first_score, len(known.months))
    points = [(field.x(score), field.y(known.months[score])) for score in rising]
    draw.line(points, fill=TEXT, width=max(2, round(0.12 * unit)))
    x, y = field.x(one.score), field.y(one.bone_age_months)
    width, radius = max(2, round(0.1 * unit)), 0.45 * unit
    draw.line((x, field.bottom, x, y), fill=READING, width=width)
    draw.line((x, y, field.left, y), fill=READING, width=width)
    low, high = one.interval_months
    draw.line((x, field.y(low), x, field.y(high)), fill=READING, width=2 * width)
    draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=READING, outline=BACKGROUND, width=_FINER)
