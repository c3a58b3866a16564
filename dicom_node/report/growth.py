"""The growth plot: bone age against chronological age, this reading among the patient's earlier ones.

The identity line is where bone age and chronological age are equal; the bands around it are 1 and 2 SD of the reference
by chronological age, for the sex that was read.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from PIL import Image, ImageDraw

from dicom_node.report.contract import EarlierReading
from dicom_node.report.panel import BACKGROUND, QUIET, READING, RULE, TEXT, Column
from pipelines.contract import Sex
from pipelines.reference import brush

_BAND_2SD: Final = (30, 43, 62)
_BAND_1SD: Final = (44, 66, 96)
_LEAST_YEARS: Final = 8
_OLDEST_YEARS: Final = 20
_EARLIER: Final = (214, 178, 112)
_ASPECT: Final = 0.64
"""Height to width of the plot's inside."""
_FINER: Final = 2


@dataclass(frozen=True)
class Marks:
    """What the plot shows, in months.

    readings: (label, bone age, interval) of this image, two where the sex is missing; sex: that of the bands.
    age_months: without it a reading is a level line. beyond_scale: the bone age is only a lower bound.
    """

    readings: tuple[tuple[str, float, tuple[float, float]], ...]
    age_months: float | None
    sex: Sex | None
    earlier: tuple[EarlierReading, ...] = ()
    beyond_scale: bool = False

    def span_years(self) -> tuple[int, int]:
        """Whole years around everything shown, the same for both ages, at least eight."""
        months = [bound for _, value, interval in self.readings for bound in (value, *interval)]
        months += [each for one in self.earlier for each in (one.age_months, one.bone_age_months)]
        months += [self.age_months] if self.age_months is not None else []
        low, high = int(min(months) // 12) - 1, int(-(-max(months) // 12)) + 1
        spare = max(0, _LEAST_YEARS - (high - low))
        low, high = low - spare // 2, high + (spare + 1) // 2
        low, high = (low - max(0, high - _OLDEST_YEARS), min(high, _OLDEST_YEARS)) if low > 0 else (low, high)
        return (low, high) if low >= 0 else (0, high - low)


@dataclass(frozen=True)
class _Field:
    """The plot's inside: years to pixels of the column. left, top, right, bottom in pixels."""

    low: int
    high: int
    left: float
    top: float
    right: float
    bottom: float

    def x(self, months: float) -> float:
        return self.left + (self.right - self.left) * self._share(months)

    def y(self, months: float) -> float:
        return self.bottom - (self.bottom - self.top) * self._share(months)

    def _share(self, months: float) -> float:
        return (min(max(months / 12, self.low), self.high) - self.low) / (self.high - self.low)


def draw_growth(column: Column, marks: Marks) -> None:
    """Draw the plot at the column's place, and the lines that explain it."""
    plot = _drawn(column.inner, column.unit, marks)
    column.image.paste(plot, (column.margin, round(column.y)))
    column.y += plot.height + 0.4 * column.unit
    column.text(_caption(marks), 0.8, QUIET, leading=1.28)


def _drawn(width_px: int, unit: float, marks: Marks) -> Image.Image:
    """Drawn finer than it is shown, so that slanting lines and dots are smooth."""
    sheet = Column(width_px * _FINER, unit * _FINER)
    draw, unit, face = sheet.draw, sheet.unit, sheet.face(0.82)
    draw.text((0, 0), "bone age, years", font=face, fill=QUIET)
    left, top, right = 1.7 * unit, 1.3 * unit, sheet.width - 0.5 * unit
    field = _Field(*marks.span_years(), left, top, right, top + _ASPECT * (right - left))
    _bands(sheet, field, marks.sex)
    _grid(sheet, field)
    _identity(sheet, field)
    _earlier(sheet, field, marks)
    _readings(sheet, field, marks)
    foot = field.bottom + 1.35 * unit
    draw.text((right, foot), "chronological age, years", font=face, fill=QUIET, anchor="ra")
    height = round((foot + 1.0 * unit) / _FINER)
    cut = sheet.image.crop((0, 0, width_px * _FINER, height * _FINER))
    return cut.resize((width_px, height), Image.Resampling.BOX)


def _bands(column: Column, field: _Field, sex: Sex | None) -> None:
    """The population around the identity line, as far as the reference table goes."""
    if sex is None:
        return
    ages = np.linspace(12 * field.low, 12 * field.high, 97).tolist()
    known = [(age, sd) for age in ages if (sd := brush.population_sd_months(sex, age)) is not None]
    if len(known) < 2:
        return
    for times, colour in ((2, _BAND_2SD), (1, _BAND_1SD)):
        upper = [(field.x(age), field.y(age + times * sd)) for age, sd in known]
        lower = [(field.x(age), field.y(age - times * sd)) for age, sd in reversed(known)]
        column.draw.polygon([*upper, *lower], fill=colour)


def _grid(column: Column, field: _Field) -> None:
    draw, face = column.draw, column.face(0.85)
    step = 1 if field.high - field.low <= 9 else 2
    for year in range(field.low, field.high + 1):
        if year % step:
            continue
        x, y = field.x(12 * year), field.y(12 * year)
        draw.line((x, field.top, x, field.bottom), fill=RULE, width=_FINER)
        draw.line((field.left, y, field.right, y), fill=RULE, width=_FINER)
        draw.text((x, field.bottom + 0.25 * column.unit), str(year), font=face, fill=QUIET, anchor="ma")
        draw.text((field.left - 0.4 * column.unit, y), str(year), font=face, fill=QUIET, anchor="rm")
    draw.rectangle((field.left, field.top, field.right, field.bottom), outline=RULE, width=2 * _FINER)


def _identity(column: Column, field: _Field) -> None:
    """The line, with its name along its lower part, where readings are seldom."""
    draw, unit = column.draw, column.unit
    draw.line((field.left, field.bottom, field.right, field.top), fill=TEXT, width=max(1, round(0.09 * unit)))
    words, face = "identity line", column.face(0.9)
    box = face.getbbox(words)
    size = round(box[2]), round(box[3] + 0.2 * unit)
    label = Image.new("L", size, 0)
    ImageDraw.Draw(label).text((0, 0), words, font=face, fill=255)
    slope_deg = float(np.degrees(np.arctan2(field.bottom - field.top, field.right - field.left)))
    turned = label.rotate(slope_deg, expand=True, resample=Image.Resampling.BICUBIC)
    at = field.left + 0.03 * (field.right - field.left)
    foot = field.bottom - 0.10 * (field.bottom - field.top)
    column.image.paste(TEXT, (round(at), round(foot - turned.height)), turned)


def _earlier(column: Column, field: _Field, marks: Marks) -> None:
    """Rings joined by a line that ends in this reading, where there is one with an age."""
    earlier = sorted(marks.earlier, key=lambda one: one.age_months)
    path = [(field.x(one.age_months), field.y(one.bone_age_months)) for one in earlier]
    through = [*path]
    if marks.age_months is not None and len(marks.readings) == 1:
        through.append((field.x(marks.age_months), field.y(marks.readings[0][1])))
    if len(through) > 1:
        column.draw.line(through, fill=_EARLIER, width=max(1, round(0.1 * column.unit)))
    radius = 0.4 * column.unit
    for x, y in path:
        column.draw.ellipse(
            (x - radius, y - radius, x + radius, y + radius),
            fill=BACKGROUND,
            outline=_EARLIER,
            width=max(2, round(0.14 * column.unit)),
        )


def _readings(column: Column, field: _Field, marks: Marks) -> None:
    """Each reading at the chronological age, two beside each other; at the right edge where the age is unknown."""
    if marks.age_months is None:
        x, sides = field.right - 1.6 * column.unit, (-1.0, 1.0)
    else:
        x, sides = field.x(marks.age_months), (-0.7, 0.7)
    places = (x,) if len(marks.readings) == 1 else tuple(x + side * column.unit for side in sides)
    for place, (label, value, interval) in zip(places, marks.readings, strict=False):
        if marks.age_months is None:
            level, width = field.y(value), round(0.1 * column.unit)
            column.draw.line((field.left, level, field.right, level), fill=READING, width=width)
        _reading(column, place, field.y(value), (field.y(interval[0]), field.y(interval[1])), marks.beyond_scale)
        face, (side, anchor) = column.face(0.9), ((-0.7, "rm") if place <= x else (0.7, "lm"))
        words = (place + side * column.unit, field.y(value))
        column.draw.text(
            words, label, font=face, fill=READING, anchor=anchor, stroke_width=2 * _FINER, stroke_fill=BACKGROUND
        )


def _reading(column: Column, x: float, y: float, ends: tuple[float, float], beyond_scale: bool) -> None:
    """A dot with its interval, or with an arrow where it is only a lower bound. ends: low and high, in pixels."""
    draw, unit, width = column.draw, column.unit, round(0.17 * column.unit)
    if beyond_scale:
        ends = (y, max(0.0, y - 1.6 * unit))
        _arrow(column, x, ends[1])
    draw.line((x, ends[0], x, ends[1]), fill=READING, width=width)
    for end in () if beyond_scale else ends:
        draw.line((x - 0.4 * unit, end, x + 0.4 * unit, end), fill=READING, width=width)
    radius = 0.5 * unit
    draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=READING, outline=BACKGROUND, width=2 * _FINER)


def _arrow(column: Column, x: float, y: float) -> None:
    unit = column.unit
    column.draw.polygon([(x - 0.45 * unit, y + 0.7 * unit), (x + 0.45 * unit, y + 0.7 * unit), (x, y)], fill=READING)


def _caption(marks: Marks) -> str:
    dot = "Line" if marks.age_months is None else "Dot"
    parts = [f"{dot} and bar: this reading, 95 % interval."]
    if marks.beyond_scale:
        parts = [f"{dot} and arrow: this reading, a lower bound."]
    if marks.earlier:
        first, last = min(one.on for one in marks.earlier), max(one.on for one in marks.earlier)
        span = f"{first:%Y-%m-%d}" if first == last else f"{first:%Y-%m-%d} to {last:%Y-%m-%d}"
        parts.append(f"Rings: earlier readings by this node, {span}.")
    parts.append("Identity line: bone age = chronological age.")
    if marks.sex is not None:
        parts.append("Bands: 1 and 2 SD of Brush.")
    return " ".join(parts)
