"""The charts of single bones in the picture: steps of levels, dots of ages, the total score on its curve."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from dicom_node.report import bone_chart
from dicom_node.report.bone_chart import draw_bone_ages, draw_levels
from dicom_node.report.maturity_curve import draw_curve
from dicom_node.report.panel import READING, TEXT, Column
from dicom_node.report.picture import Imprint, Shown, draw_picture
from dicom_node.report.summary import maturity_words, summary
from models.levels.curve import curve
from models.levels.scale import COUNTS
from pipelines.contract import FoundBone, Maturity, ScaleEnd, Sex
from tests.support.headers import bones_of, full_reading, maturity_of, reading_of

WIDTH, UNIT = 560, 20.0


def drawn(column: Column) -> NDArray[np.uint8]:
    return np.asarray(column.image, dtype=np.uint8)[: round(column.y)]


def near(image: NDArray[np.uint8], colour: tuple[int, int, int], within: int = 40) -> NDArray[np.bool_]:
    return np.asarray(np.abs(image.astype(int) - colour).max(axis=2) <= within)


def levels(bones: tuple[FoundBone, ...]) -> NDArray[np.uint8]:
    column = Column(WIDTH, UNIT)
    draw_levels(column, bones, "RUS-CHN")
    return drawn(column)


def test_a_higher_level_fills_more_of_its_bone_s_steps_and_the_top_fills_all() -> None:
    filled = []
    for share in (0, 0.5, 1):
        at = tuple(
            replace(bone, level=round(share * (count - 1)))
            for bone, count in zip(bones_of(level=0), COUNTS, strict=True)
        )
        filled.append(int(near(levels(at), bone_chart._REACHED).sum()))
    assert filled[0] == 0
    assert filled[1] == pytest.approx(filled[2] / 2, rel=0.05)


def test_the_longest_words_of_a_row_fit_its_width() -> None:
    longest = tuple(
        replace(bone, level=count - 1, level_score=888) for bone, count in zip(bones_of(), COUNTS, strict=True)
    )
    image = levels(longest)
    right = WIDTH - Column(WIDTH, UNIT).margin
    assert not near(image[:, right - 2 : right + 1], TEXT, 100).any()
    assert near(image[:, right - round(2.5 * UNIT) : right - 2], TEXT, 100).any()


def test_each_graded_bone_has_a_row_and_bones_without_a_level_have_none() -> None:
    some = tuple(replace(bone, level=3 if n < 4 else None) for n, bone in enumerate(bones_of()))
    step = bone_chart._ROW_UNITS * UNIT
    assert levels(bones_of(level=3)).shape[0] - levels(some).shape[0] == pytest.approx(9 * step, abs=2)


def test_a_bone_that_says_more_has_its_dot_farther_right_and_the_whole_hand_is_a_line_through_all() -> None:
    bones = tuple(
        replace(bone, bone_age_months=100.0 + 4 * n, interval_months=(88.0 + 4 * n, 112.0 + 4 * n))
        for n, bone in enumerate(bones_of())
    )
    column = Column(WIDTH, UNIT)
    draw_bone_ages(column, replace(reading_of(), bones=bones))
    image = drawn(column)
    step, foot = bone_chart._ROW_UNITS * UNIT, column.y - 0.4 * UNIT
    centres = []
    for n in range(13):
        middle = round(foot - (12.5 - n) * step)
        dot = near(image[middle - 4 : middle - 2], bone_chart._REACHED)
        centres.append(float(np.argwhere(dot)[:, 1].mean()))
    assert centres == sorted(centres)
    assert np.diff(centres) == pytest.approx(np.diff(centres).mean(), abs=1.5)
    line = near(image, READING).sum(axis=0)
    assert line.max() > 10 * step


@pytest.mark.parametrize("sex", list(Sex))
def test_the_score_stands_on_the_curve_of_its_sex(sex: Sex) -> None:
    months = float(curve(sex.value).months[520])
    on_curve = replace(maturity_of(sex), bone_age_months=months, interval_months=(months, months))
    column = Column(WIDTH, UNIT)
    draw_curve(column, (on_curve,))
    marked = np.argwhere(near(drawn(column), READING))
    crown = marked[marked[:, 0] <= marked[:, 0].min() + 2]
    left, right = column.margin + 1.7 * UNIT, column.margin + column.inner - 1.2 * UNIT
    top, height = column.margin + 1.3 * UNIT, 0.5 * (right - left)
    assert crown[:, 1].mean() == pytest.approx(left + 0.52 * (right - left), abs=1.5)
    assert crown[:, 0].min() + 0.45 * UNIT == pytest.approx(top + height * (1 - months / 240), abs=2)


def test_an_age_at_an_end_of_the_scale_is_told_as_a_bound_in_words() -> None:
    assert maturity_words(maturity_of(), Sex.FEMALE).endswith("the levels leave open 9 y 0 mo to 10 y 9 mo")
    told = maturity_words(maturity_of(Sex.MALE, ScaleEnd.LAST), None)
    assert told.startswith("RUS-CHN if male total score 520 of 1000")
    assert told.endswith("at or beyond the end of the scale")
    assert "levels of phantoms; for research" in summary(full_reading(), 120.0)


def test_the_picture_has_charts_only_where_bones_were_read_alone() -> None:
    def height(bones: tuple[FoundBone, ...], maturity: tuple[Maturity, ...]) -> int:
        reading = replace(reading_of(), bones=bones, maturity=maturity)
        return draw_picture(np.zeros((100, 100), np.float32), Shown(reading), Imprint(side_px=100)).shape[0]

    silent = tuple(replace(bone, bone_age_months=None, interval_months=None) for bone in bones_of())
    plain, aged = height(silent, ()), height(bones_of(), ())
    graded = height(bones_of(level=5), (maturity_of(),))
    assert plain < aged < graded
