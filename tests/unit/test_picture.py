"""The picture shows the radiograph at its own aspect, the heatmap where it is strong, and the words beside it."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from dicom_node.report.overlay import blend, strength
from dicom_node.report.panel import BACKGROUND, Column, drawable, font, wrapped
from dicom_node.report.picture import draw_picture, radiograph_with_heatmap
from pipelines.contract import Laterality, Sex, WarningCode
from tests.support.headers import reading_of


def grey(shape: tuple[int, int], value: float = 0.5) -> NDArray[np.float32]:
    return np.full(shape, value, dtype=np.float32)


@pytest.mark.parametrize(
    ("shape", "size"), [((250, 200), (512, 410)), ((200, 250), (410, 512)), ((900, 600), (512, 341))]
)
def test_the_radiograph_keeps_its_aspect(shape: tuple[int, int], size: tuple[int, int]) -> None:
    image = radiograph_with_heatmap(grey(shape), np.zeros(shape, np.float32), 512)
    assert image.shape == (*size, 3)
    assert image.dtype == np.uint8


def test_where_the_heatmap_is_silent_the_radiograph_is_untouched() -> None:
    image = radiograph_with_heatmap(grey((64, 64), 0.25), grey((64, 64), 0.0), 64)
    assert np.unique(image).tolist() == [64]


def test_the_heatmap_lies_where_it_is_strong_in_the_original_frame() -> None:
    heatmap = np.zeros((400, 300), np.float32)
    heatmap[90:110, 210:230] = 500
    image = radiograph_with_heatmap(grey((400, 300)), heatmap, 200).astype(int)
    coloured = np.argwhere(np.ptp(image, axis=2) > 20)
    assert coloured.mean(axis=0) == pytest.approx([49.5, 109.5], abs=1)


def test_stronger_is_more_opaque_and_bone_still_shows_through() -> None:
    strengths = np.array([[0, 0.5, 1]], np.float32)
    dark, bright = (blend(grey((1, 3), value), strengths).astype(int) for value in (0.2, 0.8))
    contrast = (bright - dark).mean(axis=2)[0]
    assert contrast[0] > contrast[1] > contrast[2] > 60


@pytest.mark.parametrize("heatmap", [np.zeros((8, 8)), np.full((8, 8), np.nan)])
def test_a_heatmap_that_says_nothing_has_no_strength(heatmap: NDArray[np.float32]) -> None:
    assert not strength(heatmap.astype(np.float32)).any()


def test_what_speaks_for_a_younger_hand_shows_in_another_colour_than_what_speaks_for_an_older() -> None:
    heatmap = np.zeros((100, 100), np.float32)
    heatmap[:20], heatmap[80:] = -300, 300
    image = radiograph_with_heatmap(grey((100, 100)), heatmap, 100).astype(int)
    younger, silent, older = image[5, 50], image[50, 50], image[95, 50]
    assert younger[2] > younger[0] + 40
    assert older[0] > older[2] + 40
    assert np.ptp(silent) == 0


def test_the_panel_stands_beside_the_radiograph_and_carries_text() -> None:
    image = draw_picture(grey((250, 200), 0), reading_of(), age_months=121.0, side_px=512)
    panel = image[:, 410:]
    assert image.shape[0] >= 512
    assert (panel != BACKGROUND).any(axis=2).mean() > 0.03


@pytest.mark.parametrize("sex", [*Sex, None])
@pytest.mark.parametrize("age_months", [None, 0.0, 121.0, 230.0])
def test_every_kind_of_reading_can_be_drawn(sex: Sex | None, age_months: float | None) -> None:
    reading = reading_of(sex, warnings=tuple(WarningCode))
    image = draw_picture(
        grey((250, 200)),
        reading,
        age_months=age_months,
        laterality=Laterality.RIGHT,
        site_words="Nur für die Übungsstudie. " * 15,
        side_px=512,
    )
    assert image.ndim == 3


def test_a_reading_without_readings_models_or_method_can_be_drawn() -> None:
    empty = replace(reading_of(None), readings=(), models=(), method="")
    assert draw_picture(grey((250, 200)), empty, side_px=512).ndim == 3


def test_the_same_reading_gives_the_same_picture() -> None:
    first, second = (draw_picture(grey((250, 200)), reading_of(), age_months=121.0, side_px=512) for _ in range(2))
    np.testing.assert_array_equal(first, second)


def test_long_text_stays_inside_its_column_and_nothing_is_lost() -> None:
    text = "Short words and one" + "verylong" * 30 + " end"
    lines = wrapped(text, font(20), 200)
    assert max(font(20).getlength(line) for line in lines) <= 200
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")


def test_letters_the_font_lacks_become_plain_ones() -> None:
    assert drawable("Für Größe é 山") == "Fur Grosse e ?"


def test_a_column_grows_downwards() -> None:
    column = Column(300, 14)
    start = column.y
    column.text("One line")
    assert column.y > start
    assert column.finished().shape[1] == 300
