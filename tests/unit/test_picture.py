"""The picture: the radiograph at its own aspect beside its map, the bones in it, and the answer in words."""

from dataclasses import replace
from datetime import date

import numpy as np
import pytest
from numpy.typing import NDArray

from dicom_node.report import figures, panel
from dicom_node.report.contract import EarlierReading
from dicom_node.report.growth import Marks
from dicom_node.report.overlay import blend, legend, strength
from dicom_node.report.panel import Column, wrapped
from dicom_node.report.picture import Imprint, Shown, draw_picture
from dicom_node.report.typeface import Typeface
from pipelines.contract import Bone, FoundBone, Laterality, Refusal, RefusalCode, Sex, WarningCode
from tests.support.headers import earlier_of, full_reading, reading_of

SMALL = Imprint(side_px=512)


def grey(shape: tuple[int, int], value: float = 0.5) -> NDArray[np.float32]:
    return np.full(shape, value, dtype=np.float32)


def blue(image: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Where boxes and their names are: bluer than red."""
    return np.asarray(image[..., 2].astype(int) - image[..., 0] > 40)


def test_where_the_heatmap_is_silent_the_radiograph_is_untouched() -> None:
    image = figures.heatmap(grey((64, 64), 0.25), grey((64, 64), 0.0), 64)
    assert np.unique(image).tolist() == [64]


def test_the_heatmap_lies_where_it_is_strong_in_the_original_frame() -> None:
    heatmap = np.zeros((400, 300), np.float32)
    heatmap[90:110, 210:230] = 500
    image = figures.heatmap(grey((400, 300)), heatmap, 200).astype(int)
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
    image = figures.heatmap(grey((100, 100)), heatmap, 100).astype(int)
    younger, silent, older = image[5, 50], image[50, 50], image[95, 50]
    assert younger[2] > younger[0] + 40
    assert older[0] > older[2] + 40
    assert np.ptp(silent) == 0


DEUTERANOPIA = np.array([[0.367, 0.861, -0.228], [0.280, 0.673, 0.047], [-0.012, 0.043, 0.969]])
PROTANOPIA = np.array([[0.152, 1.053, -0.205], [0.115, 0.786, 0.099], [-0.004, -0.048, 1.052]])
"""How the colour-blind see linear RGB (Machado, Oliveira and Fernandes 2009, severity 1)."""


@pytest.mark.parametrize("seen", [DEUTERANOPIA, PROTANOPIA])
def test_the_colour_blind_tell_older_from_younger(seen: NDArray[np.float64]) -> None:
    younger, older = legend(3, 1)[0, [0, 2]].astype(float) / 255
    apart = (older**2.2 - younger**2.2) @ seen.T
    assert np.abs(apart).max() > 0.15


def test_the_map_grows_brighter_on_both_sides_of_silence_over_soft_tissue() -> None:
    luminance = legend(101, 1)[0].astype(float) @ [0.2126, 0.7152, 0.0722]
    silent = luminance[50]
    assert (luminance[[0, 100]] > silent).all()


@pytest.mark.parametrize(
    ("shape", "rows", "columns"), [((250, 200), 512, 410), ((200, 250), 410, 512), ((900, 600), 512, 341)]
)
def test_radiograph_and_map_stand_in_one_picture_at_the_radiographs_aspect(
    shape: tuple[int, int], rows: int, columns: int
) -> None:
    reading = reading_of(shape=shape)
    picture = draw_picture(grey(shape, 0.25), Shown(reading), SMALL)
    plain = np.all(picture[:rows, :columns] == 64, axis=2)
    assert plain.mean() > 0.999
    mapped = figures.heatmap(grey(shape, 0.25), reading.heatmap_months, 512)
    strip = round(figures.STRIP_UNITS * 14)
    beside, below = picture[:rows, columns : 2 * columns], picture[rows + strip : 2 * rows + strip, :columns]
    assert any(each.shape == mapped.shape and np.array_equal(each, mapped) for each in (beside, below))


def test_wide_radiographs_stand_above_each_other_and_tall_ones_side_by_side() -> None:
    imprint = Imprint(side_px=1024)
    wide, tall = (
        draw_picture(grey(shape), Shown(reading_of(shape=shape)), imprint) for shape in ((150, 300), (300, 200))
    )
    assert wide.shape[1] < 2 * 1024
    assert tall.shape[1] > 2 * 683


def test_a_bone_is_framed_where_it_lies_and_named_beside_it() -> None:
    bone = FoundBone(Bone.RADIUS, 50, 100, 90, 140, score=0.9)
    image = figures.radiograph(grey((250, 200), 0.2), (bone,), 500, unit=20)
    framed = blue(image)
    assert framed[200:280, 100:102].all()
    assert framed[200:280, 178:180].all()
    assert framed[200:202, 100:180].all()
    assert framed[278:280, 100:180].all()
    assert not framed[204:276, 104:176].any()
    assert framed[:, 184:].any()


@pytest.mark.parametrize("mirrored", [False, True])
def test_names_stand_on_the_side_of_their_own_finger(mirrored: bool) -> None:
    places = {Bone.ULNA: (40.0, 60.0), Bone.RADIUS: (80.0, 110.0)}
    bones = [
        FoundBone(bone, *(200 - right, 150, 200 - left, 180) if mirrored else (left, 150, right, 180), score=0.9)
        for bone, (left, right) in places.items()
    ]
    named = blue(figures.radiograph(grey((250, 200), 0.2), bones, 250, unit=8))
    if mirrored:
        named = named[:, ::-1]
    assert named[150:180, :38].any()
    assert named[150:180, 113:].any()
    assert not named[150:180, 62:78].any()


def test_a_bone_at_the_edge_is_named_inside_the_picture() -> None:
    bone = FoundBone(Bone.DISTAL_PHALANX_1, 180, 0, 200, 20, score=0.9)
    assert figures.radiograph(grey((250, 200), 0.2), (bone,), 250, unit=8).shape == (250, 200, 3)


def test_the_panel_stands_beside_the_images_and_carries_text() -> None:
    picture = draw_picture(grey((250, 200), 0), Shown(reading_of(), age_months=121.0), SMALL)
    beside = picture[:, -28 * 14 :]
    assert (beside != panel.BACKGROUND).any(axis=2).mean() > 0.03


@pytest.mark.parametrize("sex", [*Sex, None])
@pytest.mark.parametrize("age_months", [None, 0.0, 121.0, 230.0])
def test_every_kind_of_reading_can_be_drawn(sex: Sex | None, age_months: float | None) -> None:
    reading = replace(full_reading(sex), warnings=tuple(WarningCode))
    shown = Shown(reading, age_months, Laterality.RIGHT, earlier_of(), ("Invented Name",), "Supersedes another.")
    words = Imprint("bone_age", "0.1.0", "Nur für die Übungsstudie. " * 15, side_px=512)
    assert draw_picture(grey((250, 200)), shown, words).ndim == 3


def test_a_reading_without_readings_models_or_method_can_be_drawn() -> None:
    empty = replace(reading_of(None), readings=(), models=(), method="")
    assert draw_picture(grey((250, 200)), Shown(empty), SMALL).ndim == 3


def test_the_same_reading_gives_the_same_picture() -> None:
    shown = Shown(full_reading(), 121.0, earlier=earlier_of())
    first, second = (draw_picture(grey((250, 200)), shown, SMALL) for _ in range(2))
    np.testing.assert_array_equal(first, second)


@pytest.mark.parametrize(
    "changed",
    [
        {"earlier": ()},
        {"age_months": None},
        {"identity": ("Invented Name",)},
        {"supersedes": "Supersedes the report of yesterday."},
        {"answer": replace(full_reading(), warnings=())},
        {"answer": replace(full_reading(), bones=())},
        {"answer": replace(full_reading(), quality=None)},
        {"answer": replace(full_reading(), enhancements=())},
        {"answer": replace(full_reading(), maturity=())},
        {"answer": replace(full_reading(), readings=full_reading().readings[:1])},
    ],
)
def test_everything_that_is_told_shows(changed: dict[str, object]) -> None:
    shown = Shown(full_reading(), 121.0, Laterality.LEFT, earlier_of())
    before, after = (draw_picture(grey((250, 200)), each, SMALL) for each in (shown, replace(shown, **changed)))
    assert before.shape != after.shape or not np.array_equal(before, after)


def test_a_reader_that_did_not_qualify_is_not_shown() -> None:
    reading = full_reading()
    qualified = replace(reading, readings=tuple(one for one in reading.readings if one.qualified))
    assert len(qualified.readings) < len(reading.readings)
    pictures = [draw_picture(grey((250, 200)), Shown(each, 121.0), SMALL) for each in (reading, qualified)]
    np.testing.assert_array_equal(*pictures)


def test_a_refusal_shows_the_image_and_why_and_one_without_an_image_only_why() -> None:
    refusal = Refusal(RefusalCode.CUT_OFF, "the frame ends at the wrist")
    whole, words = (draw_picture(pixels, Shown(refusal), SMALL) for pixels in (grey((250, 200)), None))
    assert np.all(whole[:512, :410] == 128)
    assert whole.shape[1] == 410 + words.shape[1]
    assert (words != panel.BACKGROUND).any(axis=2).mean() > 0.03


@pytest.mark.parametrize("age_months", [1.0, 60.0, 122.0, 236.0])
def test_the_growth_plot_shows_both_ages_on_one_scale_of_whole_years(age_months: float) -> None:
    readings = (("", 123.4, (109.1, 137.0)),)
    low, high = Marks(readings, age_months, Sex.MALE).span_years()
    assert low >= 0
    assert high - low >= 8
    assert low <= min(age_months, 109.1) / 12
    assert high >= max(age_months, 137.0) / 12


def test_earlier_readings_widen_the_growth_plot() -> None:
    readings = (("", 123.4, (109.1, 137.0)),)
    early = EarlierReading(14.0, 12.0, date(2017, 1, 1))
    assert Marks(readings, 122.0, Sex.MALE, (early,)).span_years()[0] == 0
    assert Marks(readings, 122.0, Sex.MALE).span_years()[0] > 2


def test_long_text_stays_inside_its_column_and_nothing_is_lost() -> None:
    text = "Short words and one" + "verylong" * 30 + " end"
    lines = wrapped(text, Typeface().face("", 20), 200)
    assert max(Typeface().face("", 20).getlength(line) for line in lines) <= 200
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")


def test_a_column_grows_downwards() -> None:
    column = Column(300, 14)
    start = column.y
    column.text("One line")
    assert column.y > start
    assert column.finished().shape[1] == 300
