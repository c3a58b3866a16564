"""Pictures of accuracy: what they show lies where it should."""

import numpy as np
import pytest

from models.data.labels import Label
from models.data.radiographs import Radiographs
from models.evaluation.activation import GroupMap
from models.evaluation.canvas import GRID, INK, SERIES, Axis, Plot, month_axis
from models.evaluation.charts import (
    activation_chart,
    bland_altman_chart,
    ccs_chart,
    error_by_age_chart,
    limits_of_agreement,
    scatter_chart,
)
from models.evaluation.contact_sheet import contact_sheet, worst_first

LABELS = tuple(Label(n, 12.0 + 5 * n, "FM"[n % 2], 9) for n in range(40))
PREDICTED = np.array([label.bone_age_months for label in LABELS]) + np.tile([4.0, -2.0], 20)
MALE, FEMALE = SERIES[:2]


def _count(picture: np.ndarray, colour: tuple[int, int, int]) -> int:
    return int((picture == colour).all(2).sum())


def test_a_point_lies_at_its_values() -> None:
    plot = Plot("", Axis(0, 10, "x", 5), Axis(0, 10, "y", 5))
    plot.points([2.5], [7.5], MALE, 4)
    rows, columns = np.nonzero((plot.finished() == MALE).all(2))
    width, height = Plot.WIDTH - Plot.LEFT - Plot.RIGHT, Plot.HEIGHT - Plot.TOP - Plot.BOTTOM
    assert columns.mean() == pytest.approx(Plot.LEFT + 0.25 * width, abs=1)
    assert rows.mean() == pytest.approx(Plot.TOP + 0.25 * height, abs=1)


def test_a_value_outside_the_axes_is_held_at_their_edge() -> None:
    plot = Plot("", Axis(0, 10, "x", 5), Axis(0, 10, "y", 5))
    assert plot.place(99, -99) == plot.place(10, 0)


def test_an_axis_of_months_holds_its_values_and_ends_on_ticks() -> None:
    axis = month_axis([-7.0, 31.0], "", symmetric=True)
    assert -axis.low == axis.high >= 31
    assert axis.ticks()[0] == axis.low
    assert axis.ticks()[-1] == axis.high
    assert len(axis.ticks()) <= 11


def test_an_axis_of_equal_values_has_room() -> None:
    assert month_axis([0.0, 0.0], "").high > 0


def test_a_perfect_reader_is_drawn_too() -> None:
    truth = np.array([label.bone_age_months for label in LABELS])
    for draw in (scatter_chart, bland_altman_chart, error_by_age_chart):
        assert draw("made up", LABELS, truth).std() > 5


def test_the_scatter_shows_both_sexes() -> None:
    picture = scatter_chart("made up", LABELS, PREDICTED)
    assert picture.shape == (660, 880, 3)
    assert _count(picture, MALE) > 200
    assert _count(picture, FEMALE) > 200
    assert _count(picture, GRID) > 1000


def test_limits_of_agreement_are_1_96_sd_around_the_bias() -> None:
    bias, low, high = limits_of_agreement(np.array([1.0, 3.0, 5.0]))
    assert (bias, low, high) == (3.0, 3.0 - 1.96 * 2, 3.0 + 1.96 * 2)


def test_bland_altman_draws_three_levels() -> None:
    picture = bland_altman_chart("made up", LABELS, PREDICTED)
    dark = (picture.astype(int) - INK < 60).all(2)[Plot.TOP : Plot.HEIGHT - Plot.BOTTOM, 300:700]
    assert (np.diff((dark.mean(1) > 0.5).astype(int)) == 1).sum() == 3


def test_the_better_model_lies_higher_in_the_ccs() -> None:
    errors = np.random.default_rng(0).exponential(6, 200)
    picture = ccs_chart("made up", {"good": errors, "poor": 2 * errors})
    field = picture[Plot.TOP + 60 :]
    good, poor = (np.nonzero((field == colour).all(2)) for colour in SERIES[:2])
    middle = [rows[(columns > 250) & (columns < 350)].mean() for rows, columns in (good, poor)]
    assert middle[0] < middle[1]


def test_error_by_age_shows_the_groups_that_have_images() -> None:
    assert _count(error_by_age_chart("made up", LABELS, PREDICTED), MALE) > 300
    only = tuple(label for label in LABELS if label.sex == "F")
    picture = error_by_age_chart("made up", only, PREDICTED[::2])
    assert _count(picture[120:], MALE) == 0
    assert _count(picture[120:], FEMALE) > 100


def test_activation_maps_share_one_scale() -> None:
    low, high = np.zeros((4, 4), np.float32), np.full((4, 4), 9, np.float32)
    picture = activation_chart("made up", [GroupMap("low", 3, low), GroupMap("high", 5, high)])
    assert picture[140, 80].tolist() == [0, 0, 128]
    assert picture[140, 240].tolist() == [128, 0, 0]


def test_activation_maps_of_each_sex_have_a_row_of_their_own() -> None:
    flat = np.zeros((4, 4), np.float32)
    names = ["male, 0-36 months", "male, 36-72 months", "female, 36-72 months"]
    picture = activation_chart("made up", [GroupMap(name, 1, flat) for name in names])
    assert picture.shape == (64 + 2 * 196, 560, 3)
    assert picture[140, 240].tolist() == picture[340, 80].tolist() == [0, 0, 128]
    assert picture[340, 240].tolist() == [255, 255, 255]


def test_the_worst_come_first() -> None:
    assert worst_first(np.array([1.0, 9.0, -20.0]), np.zeros(3), 2) == [2, 1]


def test_the_contact_sheet_shows_the_worst_and_says_that_it_must_not_be_shared() -> None:
    frames = np.zeros((40, 299, 299), np.uint8)
    frames[7] = 255
    predicted = PREDICTED.copy()
    predicted[7] += 60
    sheet = contact_sheet(Radiographs(LABELS, frames), predicted, count=8)
    assert sheet.shape[:2] == (62 + 2 * 244, 1200)
    assert sheet[80:240, 20:180].min() == 255
    assert sheet[80:240, 220:380].max() == 0
    assert _count(sheet[34:54], (190, 30, 30)) > 50
