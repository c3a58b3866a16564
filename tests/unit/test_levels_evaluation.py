"""Figures of graders of thirteen bones, from made-up answers whose figures are known."""

from dataclasses import replace

import numpy as np
import pytest

from models.evaluation.levels import (
    AGE_GROUPS_YEARS,
    Graded,
    accuracy_table,
    age_table,
    ages_of_true_levels,
    confusion_rows,
    confusions,
    correlation_table,
    correlations,
    interval_table,
)
from models.evaluation.levels_sheet import confusion_sheet
from models.levels.curve import age_of_score
from models.levels.scale import BONES, COUNTS, MOST_LEVELS, Sex, total_score


def sure_of(levels: np.ndarray) -> np.ndarray:
    probabilities = np.zeros((*levels.shape, MOST_LEVELS))
    np.put_along_axis(probabilities, levels[..., None], 1.0, 2)
    return probabilities


def hands(told_off: int = 0) -> Graded:
    """Forty hands, every second one a boy's; the radius of each is told so many levels too high."""
    rng = np.random.default_rng(0)
    stage = rng.integers(1, 8, (40, 1))
    levels = (stage + rng.integers(0, 3, (40, 13))).clip(0, np.array(COUNTS) - 3)
    sexes: tuple[Sex, ...] = ("F", "M") * 20
    told = levels.copy()
    told[:, 0] += told_off
    ages = [age_of_score(total_score(each, sex), sex).months for each, sex in zip(levels.tolist(), sexes, strict=True)]
    return Graded(sure_of(told), levels, sexes, np.array(ages))


def rows(text: str) -> list[list[str]]:
    return [[cell.strip() for cell in line.strip("| ").split("|")] for line in text.splitlines()]


def test_levels_told_right_have_the_labelled_age_exactly_and_every_interval_holds_it() -> None:
    graded = hands()
    np.testing.assert_allclose(graded.errors_years, 0, atol=1e-9)
    np.testing.assert_allclose(ages_of_true_levels(graded), graded.truth_months)
    assert graded.coverage == 1
    table = rows(age_table({"g": graded}))
    assert table[0][:4] == ["age group", "hands", "g: MAE, years", "RMSE"]
    assert {row[2] for row in table[2:] if row[1] != "0"} == {"0.00"}


def test_the_share_of_right_levels_is_told_bone_by_bone_beside_the_papers_mean() -> None:
    table = rows(accuracy_table({"good": hands(), "one off": hands(1), "two off": hands(2)},
                                {"good": "densenet121", "one off": "resnet50", "two off": "other"}))  # fmt: skip
    assert table[2] == ["radius", "15", "100.0", "100.0", "0.0", "100.0", "0.0", "0.0"]
    assert table[3][2:] == ["100.0"] * 6
    assert table[-2][2:] == ["100.0", "100.0", "92.3", "100.0", "92.3", "92.3"]
    assert table[-1] == ["paper: mean", "-", "63.15", "-", "52.97", "-", "-", "-"]


def test_errors_are_those_of_the_hands_of_each_age_group() -> None:
    graded = hands(1)
    table = rows(age_table({"g": graded}))
    years = graded.truth_months / 12
    for row, (low, high) in zip(table[2:], AGE_GROUPS_YEARS.values(), strict=True):
        inside = graded.errors_years[(years >= low) & (years < high)]
        assert row[1] == str(len(inside))
        expected = [f"{np.abs(inside).mean():.2f}", f"{np.sqrt((inside**2).mean()):.2f}"] if len(inside) else ["-", "-"]
        assert row[2:4] == expected
    assert table[-2][4:] == ["0.61", "0.69"]
    assert (graded.errors_years > 0).all()


def test_an_interval_that_misses_the_age_is_counted() -> None:
    table = rows(interval_table({"right": hands(), "off": hands(2)}))
    assert [row[3] for row in table[2:]] == ["100.0", "0.0"]
    assert table[2][1:3] == ["0.00", "0.00"]


def test_hands_at_the_ends_of_the_scale_are_counted() -> None:
    some = hands()
    levels = some.levels.copy()
    levels[:3], levels[3:5] = np.array(COUNTS) - 1, 0
    table = rows(interval_table({"g": replace(some, probabilities=sure_of(levels))}))
    assert table[2][5:] == ["2", "3"]
    assert "at or beyond the end of the scale" in table[0][6]


def test_the_age_of_the_likeliest_levels_is_told_beside_the_expectation() -> None:
    graded = hands()
    blurred = graded.probabilities * 0.6
    for n, count in enumerate(COUNTS):
        blurred[:, n, :count] += 0.4 / count
    unsure = replace(graded, probabilities=blurred)
    np.testing.assert_allclose(unsure.told_errors_years, 0, atol=1e-9)
    assert np.abs(unsure.errors_years).mean() > 0.1
    assert rows(interval_table({"g": unsure}))[2][2] == "0.00"


def test_correlations_are_pearsons_and_a_bone_of_one_level_has_none() -> None:
    levels = hands().levels.copy()
    levels[:, 1] = 14 - levels[:, 0]
    levels[:, 2] = 4
    found = correlations(levels)
    assert found[1, 0] == pytest.approx(-1)
    assert np.isnan(found[2, 0])
    table = rows(correlation_table(levels))
    assert table[3][:3] == ["2 ulna", "-1.00", "1.00"]
    assert table[4][1] == "-"
    assert table[-1][0] == f"13 {BONES[12]}"


def test_confusions_count_every_hand_once_a_bone() -> None:
    graded = hands(1)
    counts = confusions(graded)
    assert (counts.sum((1, 2)) == 40).all()
    assert np.diag(counts[0], 1).sum() == 40
    assert all(np.diag(each).sum() == 40 for each in counts[1:])
    listed = confusion_rows({"g": graded})
    assert sum(int(str(row["hands"])) for row in listed) == 13 * 40
    assert {row["told"] - row["level"] for row in listed if row["bone"] == "radius"} == {1}  # type: ignore[operator]


def test_the_sheet_is_dark_where_levels_were_told() -> None:
    right, off = (confusion_sheet("g", confusions(hands(n))) for n in (0, 2))
    assert right.shape == off.shape
    assert right.dtype == np.uint8
    assert (right != off).any()
