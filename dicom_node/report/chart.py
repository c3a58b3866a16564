"""The bone age on a line of years: its interval, the chronological age and the population around it."""

from dataclasses import dataclass
from typing import Final

from dicom_node.report.panel import AGE, BACKGROUND, QUIET, READING, RULE, Column

_BAND_2SD: Final = (28, 40, 58)
_BAND_1SD: Final = (40, 60, 88)


@dataclass(frozen=True)
class Marks:
    """What the chart shows, in months. readings: (label, bone age, interval), a row each; population: (age, SD)."""

    readings: tuple[tuple[str, float, tuple[float, float]], ...]
    age_months: float | None
    population_sd_months: float | None

    def span_months(self) -> tuple[float, float]:
        """Whole years around everything shown, at least four."""
        values = [bound for _, value, interval in self.readings for bound in (value, *interval)]
        if self.age_months is not None:
            sd = 2 * (self.population_sd_months or 0)
            values += [self.age_months - sd, self.age_months + sd]
        low, high = max(0.0, min(values)) // 12 * 12, -(-max(values) // 12) * 12
        while high - low < 48:
            low, high = max(0.0, low - 12), high + 12
        return low, high


@dataclass(frozen=True)
class _Scale:
    """Where months lie on the column: low and high at the left and right pixel."""

    low: float
    high: float
    left: float
    right: float

    def x(self, months: float) -> float:
        held = min(max(months, self.low), self.high)
        return self.left + (self.right - self.left) * (held - self.low) / (self.high - self.low)


def draw_chart(column: Column, marks: Marks) -> None:
    """Draw the chart at the column's place, and a line that explains it."""
    unit, top = column.unit, column.y
    gutter = (4.2 if any(label for label, _, _ in marks.readings) else 0.6) * unit
    scale = _Scale(*marks.span_months(), column.margin + gutter, column.width - column.margin - 0.6 * unit)
    height = (0.8 + 1.4 * len(marks.readings)) * unit
    _population(column, marks, scale, top, height)
    for row, (label, value, interval) in enumerate(marks.readings):
        _reading(column, scale, top + (1.1 + 1.4 * row) * unit, label, value, interval)
    column.y = top + height
    _axis(column, scale)
    _caption(column, marks)


def _population(column: Column, marks: Marks, scale: _Scale, top: float, height: float) -> None:
    age, sd = marks.age_months, marks.population_sd_months
    if age is None:
        return
    for times, colour in ((2, _BAND_2SD), (1, _BAND_1SD)) if sd else ():
        left, right = (scale.x(age + sign * times * (sd or 0)) for sign in (-1, 1))
        column.draw.rectangle((left, top, right, top + height), fill=colour)
    x = scale.x(age)
    column.draw.line((x, top, x, top + height), fill=AGE, width=max(2, round(0.14 * column.unit)))


def _reading(column: Column, scale: _Scale, y: float, label: str, value: float, interval: tuple[float, float]) -> None:
    unit, draw = column.unit, column.draw
    left, x, right = (scale.x(months) for months in (interval[0], value, interval[1]))
    draw.line((left, y, right, y), fill=READING, width=max(2, round(0.2 * unit)))
    for end in (left, right):
        draw.line((end, y - 0.35 * unit, end, y + 0.35 * unit), fill=READING, width=max(2, round(0.16 * unit)))
    radius = 0.42 * unit
    draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=READING, outline=BACKGROUND, width=2)
    draw.text((column.margin, y), label, font=column.face(0.8), fill=QUIET, anchor="lm")


def _axis(column: Column, scale: _Scale) -> None:
    unit, draw, face = column.unit, column.draw, column.face(0.8)
    draw.line((scale.left, column.y, scale.right, column.y), fill=RULE, width=2)
    years = range(round(scale.low / 12), round(scale.high / 12) + 1)
    for year in years[:: 1 if len(years) <= 8 else 2]:
        x = scale.x(year * 12)
        draw.line((x, column.y, x, column.y + 0.25 * unit), fill=QUIET, width=1)
        draw.text((x, column.y + 0.35 * unit), f"{year} y", font=face, fill=QUIET, anchor="ma")
    column.gap(1.5)


def _caption(column: Column, marks: Marks) -> None:
    parts = ["Dot and bar: bone age, 95 % interval."]
    if marks.age_months is not None:
        parts.append("Line: chronological age.")
    if marks.age_months is not None and marks.population_sd_months:
        parts.append("Bands: 1 and 2 population SD.")
    column.gap(0.1)
    column.text(" ".join(parts), 0.75, QUIET)
