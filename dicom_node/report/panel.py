"""Text beside the picture: lines that flow down a column, scaled with it."""

from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from dicom_node.report.typeface import Typeface

Colour = tuple[int, int, int]
BACKGROUND: Final[Colour] = (14, 16, 20)
TEXT: Final[Colour] = (236, 238, 242)
QUIET: Final[Colour] = (166, 174, 186)
RULE: Final[Colour] = (58, 64, 74)
READING: Final[Colour] = (255, 196, 84)
AGE: Final[Colour] = (120, 186, 255)
WARNING: Final[Colour] = (255, 168, 60)


def wrapped(text: str, face: ImageFont.FreeTypeFont, width_px: float) -> list[str]:
    """Lines of whole words that fit the width; a word too long for a line is cut."""
    lines, line = [], ""
    for word in text.split():
        longer = f"{line} {word}".strip()
        if line and face.getlength(longer) > width_px:
            lines.append(line)
            longer = word
        while face.getlength(longer) > width_px and len(longer) > 1:
            fits = max(n for n in range(1, len(longer)) if n == 1 or face.getlength(longer[:n]) <= width_px)
            lines.append(longer[:fits])
            longer = longer[fits:]
        line = longer
    return [*lines, line] if line else lines


class Column:
    """A column of text that grows downwards. unit: pixels of one step of type, so that all scales with the picture."""

    def __init__(self, width_px: int, unit: float, typeface: Typeface | None = None) -> None:
        self.unit, self.width, self.typeface = unit, width_px, typeface or Typeface()
        self.margin = round(1.4 * unit)
        self.image = Image.new("RGB", (width_px, round(200 * unit)), BACKGROUND)
        self.draw = ImageDraw.Draw(self.image)
        self.y = float(self.margin)

    @property
    def inner(self) -> int:
        """Width between the margins, in pixels."""
        return self.width - 2 * self.margin

    def face(self, size: float, text: str = "") -> ImageFont.FreeTypeFont:
        """The font for a text at so many units."""
        return self.typeface.face(text, max(8, round(size * self.unit)))

    def text(self, text: str, size: float = 1.0, colour: Colour = TEXT, leading: float = 1.32) -> None:
        """A paragraph, wrapped to the column."""
        self._lines(text, size, colour, leading, 0)

    def row(self, name: str, value: str, colour: Colour = TEXT) -> None:
        """A quiet name and its value beside it."""
        self.draw.text((self.margin, self.y), name, font=self.face(1.0), fill=QUIET)
        self._lines(value, 1.0, colour, 1.32, round(10 * self.unit))

    def _lines(self, text: str, size: float, colour: Colour, leading: float, indent: int) -> None:
        shown = self.typeface.drawable(text)
        face = self.face(size, shown)
        for line in wrapped(shown, face, self.inner - indent):
            self.draw.text((self.margin + indent, self.y), line, font=face, fill=colour)
            self.y += size * self.unit * leading

    def gap(self, units: float) -> None:
        """Empty space."""
        self.y += units * self.unit

    def rule(self) -> None:
        """A thin line across."""
        self.gap(0.7)
        self.draw.line((self.margin, self.y, self.width - self.margin, self.y), fill=RULE, width=1)
        self.gap(0.8)

    def finished(self) -> NDArray[np.uint8]:
        """(H, W, 3): what was written so far, with a margin below."""
        used = min(round(self.y) + self.margin, self.image.height)
        return np.asarray(self.image.crop((0, 0, self.width, used)), dtype=np.uint8)
