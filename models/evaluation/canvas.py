"""Axes, points, lines and words on a white picture, drawn with Pillow and its own font."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

Picture = NDArray[np.uint8]
"""(H, W, 3) uint8 RGB."""
Colour = tuple[int, int, int]
INK: Colour = (32, 36, 44)
QUIET: Colour = (110, 116, 126)
GRID: Colour = (226, 229, 233)
SERIES: tuple[Colour, ...] = (
    (0, 114, 178),
    (213, 94, 0),
    (0, 158, 115),
    (204, 121, 167),
    (230, 159, 0),
    (86, 180, 233),
)
"""Colours that also the colour-blind tell apart (Okabe and Ito)."""
_STEPS = (0.1, 0.2, 0.5, 1, 2, 3, 6, 12, 24, 36, 48, 60, 120)
_FINE = 2
"""Drawn so many times larger and reduced, for smooth edges."""


@cache
def font(size_px: int) -> ImageFont.FreeTypeFont:
    """The font that comes with Pillow."""
    loaded = ImageFont.load_default(size_px)
    assert isinstance(loaded, ImageFont.FreeTypeFont)
    return loaded


@dataclass(frozen=True)
class Axis:
    """low and high of the values shown, their words, and the distance between ticks."""

    low: float
    high: float
    words: str
    step: float
    tick_names: tuple[str, ...] = ()
    """Instead of numbers, one a tick from low on."""

    def ticks(self) -> list[float]:
        first = np.ceil(self.low / self.step - 1e-9) * self.step
        return [float(value) for value in np.arange(first, self.high + self.step * 1e-6, self.step)]


def month_axis(values: Sequence[float], words: str, *, symmetric: bool = False) -> Axis:
    """An axis around the values that ends on ticks, at most about nine of them."""
    low, high = min(values), max(values)
    if symmetric:
        low, high = -max(-low, high), max(-low, high)
    step = next((step for step in _STEPS if (high - low) / step <= 8), _STEPS[-1])
    bottom = float(np.floor(low / step) * step)
    return Axis(bottom, max(float(np.ceil(high / step) * step), bottom + step), words, step)


class Plot:
    """A picture with two axes; everything is placed in the axes' own values. finished() gives the picture."""

    WIDTH, HEIGHT = 880, 660
    LEFT, RIGHT, TOP, BOTTOM = 84, 28, 64, 72
    """Margins of the field in pixels."""

    def __init__(self, title: str, x: Axis, y: Axis) -> None:
        self.x, self.y = x, y
        self.image = Image.new("RGB", (self.WIDTH * _FINE, self.HEIGHT * _FINE), "white")
        self.draw = ImageDraw.Draw(self.image)
        self._legend_y = self.TOP + 10
        self._words((self.LEFT, 22), title, INK, 19, "lm")
        self._axes()

    def place(self, x: float, y: float) -> tuple[float, float]:
        """Pixels of a value, held inside the field."""
        width, height = self.WIDTH - self.LEFT - self.RIGHT, self.HEIGHT - self.TOP - self.BOTTOM
        across = min(max((x - self.x.low) / (self.x.high - self.x.low), 0), 1)
        up = min(max((y - self.y.low) / (self.y.high - self.y.low), 0), 1)
        return (self.LEFT + across * width) * _FINE, (self.TOP + (1 - up) * height) * _FINE

    def points(self, xs: Sequence[float], ys: Sequence[float], colour: Colour, radius: float = 2.6) -> None:
        """A dot each."""
        for x, y in zip(xs, ys, strict=True):
            column, row = self.place(x, y)
            reach = radius * _FINE
            self.draw.ellipse((column - reach, row - reach, column + reach, row + reach), fill=colour)

    def line(self, xs: Sequence[float], ys: Sequence[float], colour: Colour, width: float = 2.0) -> None:
        """Straight from point to point."""
        places = [self.place(x, y) for x, y in zip(xs, ys, strict=True)]
        self.draw.line(places, fill=colour, width=round(width * _FINE), joint="curve")

    def level(self, y: float, words: str, colour: Colour) -> None:
        """A line across the field with its words above its right end."""
        self.line((self.x.low, self.x.high), (y, y), colour, 1.6)
        column, row = self.place(self.x.high, y)
        self._words((column / _FINE - 4, row / _FINE - 9), words, colour, 13, "rm")

    def interval(self, x: float, low: float, value: float, high: float, colour: Colour) -> None:
        """A dot with whiskers."""
        self.line((x, x), (low, high), colour, 1.8)
        self.points([x], [value], colour, 5)

    def label(self, x: float, y: float, words: str) -> None:
        """Small words just above a place."""
        column, row = self.place(x, y)
        self._words((column / _FINE, row / _FINE - 10), words, QUIET, 12, "mm")

    def legend(self, words: str, colour: Colour) -> None:
        """A line of the legend, at the upper left of the field."""
        y = self._legend_y
        self.draw.rectangle([v * _FINE for v in (self.LEFT + 12, y - 5, self.LEFT + 26, y + 5)], fill=colour)
        self._words((self.LEFT + 33, y), words, INK, 14, "lm")
        self._legend_y += 21

    def note(self, words: str) -> None:
        """One quiet line below the title."""
        self._words((self.LEFT, 47), words, QUIET, 13, "lm")

    def finished(self) -> Picture:
        """(660, 880, 3) uint8."""
        return np.asarray(self.image.resize((self.WIDTH, self.HEIGHT), Image.Resampling.BOX))

    def _words(self, place: tuple[float, float], words: str, colour: Colour, size: int, anchor: str) -> None:
        spot = (place[0] * _FINE, place[1] * _FINE)
        self.draw.text(spot, words, fill=colour, font=font(size * _FINE), anchor=anchor)

    def _axes(self) -> None:
        bottom, left = self.HEIGHT - self.BOTTOM, self.LEFT
        for n, value in enumerate(self.x.ticks()):
            column = self.place(value, self.y.low)[0] / _FINE
            self.line((value, value), (self.y.low, self.y.high), GRID, 1)
            self._words((column, bottom + 15), _tick(self.x, n, value), QUIET, 13, "mm")
        for n, value in enumerate(self.y.ticks()):
            row = self.place(self.x.low, value)[1] / _FINE
            self.line((self.x.low, self.x.high), (value, value), GRID, 1)
            self._words((left - 9, row), _tick(self.y, n, value), QUIET, 13, "rm")
        self._words(((left + self.WIDTH - self.RIGHT) / 2, bottom + 46), self.x.words, INK, 15, "mm")
        self._upright(self.y.words)

    def _upright(self, words: str) -> None:
        face = font(15 * _FINE)
        label = Image.new("RGB", (round(face.getlength(words)) + 4, 24 * _FINE), "white")
        ImageDraw.Draw(label).text((2, 12 * _FINE), words, fill=INK, font=face, anchor="lm")
        turned = label.rotate(90, expand=True)
        middle = (self.TOP + self.HEIGHT - self.BOTTOM) / 2 * _FINE
        self.image.paste(turned, (6 * _FINE, round(middle - turned.height / 2)))


def _tick(axis: Axis, n: int, value: float) -> str:
    if axis.tick_names:
        return axis.tick_names[n] if n < len(axis.tick_names) else ""
    return f"{value:g}" if abs(value) > 1e-9 else "0"
