"""Text beside the picture: lines that flow down a column, with Pillow's own font so that it looks the same anywhere."""

import unicodedata
from functools import cache
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

Colour = tuple[int, int, int]
BACKGROUND: Final[Colour] = (14, 16, 20)
TEXT: Final[Colour] = (236, 238, 242)
QUIET: Final[Colour] = (158, 166, 178)
RULE: Final[Colour] = (58, 64, 74)
READING: Final[Colour] = (255, 196, 84)
AGE: Final[Colour] = (120, 186, 255)
WARNING: Final[Colour] = (255, 168, 60)


@cache
def font(size_px: int) -> ImageFont.FreeTypeFont:
    """The font that comes with Pillow; ASCII and few more."""
    loaded = ImageFont.load_default(size_px)
    assert isinstance(loaded, ImageFont.FreeTypeFont)
    return loaded


def drawable(text: str) -> str:
    """Text as the font can show it: accents go, and what has no Latin form becomes "?"."""
    decomposed = unicodedata.normalize("NFKD", text.replace("ß", "ss"))
    bare = "".join(character for character in decomposed if not unicodedata.combining(character))
    return bare.encode("ascii", "replace").decode("ascii")


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

    def __init__(self, width_px: int, unit: float) -> None:
        self.unit, self.width = unit, width_px
        self.margin = round(1.4 * unit)
        self.image = Image.new("RGB", (width_px, round(200 * unit)), BACKGROUND)
        self.draw = ImageDraw.Draw(self.image)
        self.y = float(self.margin)

    @property
    def inner(self) -> int:
        """Width between the margins, in pixels."""
        return self.width - 2 * self.margin

    def face(self, size: float) -> ImageFont.FreeTypeFont:
        """The font at so many units."""
        return font(max(8, round(size * self.unit)))

    def text(self, text: str, size: float = 1.0, colour: Colour = TEXT, leading: float = 1.32) -> None:
        """A paragraph, wrapped to the column."""
        face = self.face(size)
        for line in wrapped(drawable(text), face, self.inner):
            self.draw.text((self.margin, self.y), line, font=face, fill=colour)
            self.y += size * self.unit * leading

    def row(self, name: str, value: str, colour: Colour = TEXT) -> None:
        """A quiet name and its value beside it."""
        face, indent = self.face(1.0), round(10 * self.unit)
        self.draw.text((self.margin, self.y), drawable(name), font=face, fill=QUIET)
        for line in wrapped(drawable(value), face, self.inner - indent):
            self.draw.text((self.margin + indent, self.y), line, font=face, fill=colour)
            self.y += 1.32 * self.unit

    def gap(self, units: float) -> None:
        """Empty space."""
        self.y += units * self.unit

    def rule(self) -> None:
        """A thin line across."""
        self.gap(0.7)
        self.draw.line((self.margin, self.y, self.width - self.margin, self.y), fill=RULE, width=1)
        self.gap(0.8)

    def paste(self, pixels: NDArray[np.uint8]) -> None:
        """Pixels (H, W, 3) at the left margin."""
        self.image.paste(Image.fromarray(pixels), (self.margin, round(self.y)))
        self.y += pixels.shape[0]

    def finished(self) -> NDArray[np.uint8]:
        """(H, W, 3): what was written so far, with a margin below."""
        used = min(round(self.y) + self.margin, self.image.height)
        return np.asarray(self.image.crop((0, 0, self.width, used)), dtype=np.uint8)
