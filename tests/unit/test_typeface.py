"""Which font shows which text, and what stands for a character that none has."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw

from dicom_node.report.typeface import MISSING, Typeface, TypefaceUnusable, covered

PLAIN = Typeface()


def drawn(text: str, typeface: Typeface = PLAIN) -> bytes:
    image = Image.new("L", (400, 60))
    ImageDraw.Draw(image).text((5, 5), text, font=typeface.face(text, 30), fill=255)
    return np.asarray(image).tobytes()


@pytest.mark.parametrize(
    "text", ["Plain words", "Für Größe é", "Ελληνικά", "Только для обучения", "עברית", "للبحث فقط", "Հայերեն"]
)
def test_these_scripts_are_shown_as_they_are(text: str) -> None:
    assert PLAIN.drawable(text) == text
    assert drawn(text) != drawn("")


@pytest.mark.parametrize("text", ["山田", "한국어", "ไทย", "हिन्दी"])
def test_scripts_without_a_font_become_question_marks_one_a_character(text: str) -> None:
    assert PLAIN.drawable(text) == MISSING * len(text)


def test_what_a_font_has_stays_beside_what_it_lacks() -> None:
    assert PLAIN.drawable("Größe 山") == f"Größe {MISSING}"


def test_line_ends_become_spaces() -> None:
    assert PLAIN.drawable(" one\r\n two ") == "one two"


def test_a_sites_font_goes_before_the_one_that_comes_along() -> None:
    mono = Path(PLAIN.face("é", 20).path).with_name("DejaVuSansMono.ttf")
    site = Typeface(mono)
    assert site.face("é", 20).getname()[0] == "DejaVu Sans Mono"
    assert site.face("plain", 20).getname() == PLAIN.face("plain", 20).getname()


def test_a_file_that_is_no_font_is_named(tmp_path: Path) -> None:
    path = tmp_path / "font.ttf"
    path.write_bytes(b"no font of any kind")
    with pytest.raises(TypefaceUnusable, match=r"font\.ttf is no TrueType or OpenType font"):
        covered(path)
