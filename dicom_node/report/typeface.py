"""The type of the pictures: which font shows which text.

Pillow's own font for plain ASCII; DejaVu Sans, as matplotlib brings it along, for what it covers beside that: Latin
with accents, Greek, Cyrillic, Armenian, Georgian, Hebrew, Arabic. Chinese, Japanese, Korean, Thai and the scripts of
India need a font file of the site. Right-to-left and joined scripts need Pillow's layout by Raqm, which its wheels
bring, and the system's FriBidi library.
"""

from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from fontTools.ttLib import TTFont, TTLibError
from PIL import ImageFont

_DEJAVU: Final = Path("mpl-data", "fonts", "ttf", "DejaVuSans.ttf")
MISSING: Final = "?"
"""Stands for a character that no font has."""


class TypefaceUnusable(ValueError):
    """A font file that cannot be read as TrueType or OpenType."""


@dataclass(frozen=True)
class Typeface:
    """The fonts of one picture. site_file: goes first for what is not plain ASCII; None for those that come along."""

    site_file: Path | None = None

    def face(self, text: str, size_px: int) -> ImageFont.FreeTypeFont:
        """The font that shows the most of a text, at so many pixels."""
        return _plain(size_px) if text.isascii() else _loaded(self._best(text), size_px)

    def drawable(self, text: str) -> str:
        """The text as its font can show it: spaces for line ends, "?" for what it lacks."""
        text = " ".join(text.split())
        if text.isascii():
            return text
        known = covered(self._best(text))
        return "".join(each if ord(each) in known else MISSING for each in text)

    def _best(self, text: str) -> Path:
        files = (self.site_file, _dejavu()) if self.site_file else (_dejavu(),)
        return max(files, key=lambda file: sum(ord(each) in covered(file) for each in text))


@cache
def covered(file: Path) -> frozenset[int]:
    """The code points that a font file has glyphs for. Raises TypefaceUnusable."""
    try:
        with TTFont(file, fontNumber=0, lazy=True) as font:
            return frozenset(font.getBestCmap() or ())
    except (OSError, TTLibError, KeyError, AssertionError) as error:
        raise TypefaceUnusable(f"{file} is no TrueType or OpenType font ({type(error).__name__})") from None


@cache
def _plain(size_px: int) -> ImageFont.FreeTypeFont:
    loaded = ImageFont.load_default(size_px)
    assert isinstance(loaded, ImageFont.FreeTypeFont)
    return loaded


@cache
def _loaded(file: Path, size_px: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(file, size_px)


@cache
def _dejavu() -> Path:
    """Where matplotlib keeps it; the package itself, which takes a while to load, is not imported."""
    spec = find_spec("matplotlib")
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).parent / _DEJAVU
