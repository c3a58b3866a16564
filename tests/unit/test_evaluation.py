"""Figures of accuracy, and intervals that cover what they say."""

import numpy as np
import pytest

from models.card import Interval
from models.data.labels import Label
from models.evaluation.conformal import fit_interval, half_width, measured_coverage
from models.evaluation.metrics import By, bootstrap, ccs, groups, summarise, table, to_markdown


def test_the_figures_of_known_errors() -> None:
    row = summarise("all", np.array([10.0, 20.0, 33.0]), np.array([12.0, 20.0, 20.0]))
    assert row.mae.value == pytest.approx(5.0)
    assert row.median == 2.0
    assert row.bias == pytest.approx(11 / 3)
    assert row.rmse == pytest.approx(np.sqrt(173 / 3))
    assert row.ccs_12 == pytest.approx(200 / 3)


def test_a_bootstrap_interval_holds_the_mean_as_often_as_it_says() -> None:
    generator = np.random.default_rng(0)
    held = 0
    for seed in range(100):
        estimate = bootstrap(generator.exponential(5, 200), lambda v: float(v.mean()), seed=seed, rounds=300)
        held += estimate.low <= 5 <= estimate.high
    assert 86 <= held <= 100


def test_age_groups_leave_out_ages_above_216_months_but_the_totals_do_not() -> None:
    labels = [Label(1, 216, "M", 9), Label(2, 228, "M", 9), Label(3, 35, "F", 9)]
    rows = {row.group: row.count for row in table(labels, np.array([210.0, 220.0, 36.0]))}
    assert rows == {"all": 3, "male": 2, "male, 180-216 months": 1, "female": 1, "female, 0-36 months": 1}


def test_groups_are_those_asked_for() -> None:
    labels = [Label(1, 20, "M", 9), Label(2, 40, "F", 9)]
    assert [name for name, _ in groups(labels, [])] == ["all"]
    assert [name for name, _ in groups(labels, [By.SEX])] == ["all", "male", "female"]
    assert [name for name, _ in groups(labels, [By.AGE])] == ["all", "0-36 months", "36-72 months"]
    assert groups(labels, [By.AGE])[2][1].tolist() == [False, True]


def test_the_cumulative_correct_score_counts_errors_up_to_the_threshold() -> None:
    assert ccs(np.array([12.0, 0.0, 3.0, 30.0]), np.array([0.0, 2.9, 3.0, 12.0, 29.0, 30.0])).tolist() == [
        25.0, 25.0, 50.0, 75.0, 75.0, 100.0,
    ]  # fmt: skip


def test_the_table_prints_each_group_with_its_interval() -> None:
    text = to_markdown([summarise("all", np.arange(10.0), np.zeros(10))])
    assert "| all | 10 | 4.50 [" in text
    assert "| 3.00 [3.00, 3.00] | - | 3.00 |" in to_markdown([summarise("one", np.array([3.0]), np.zeros(1))])


def test_conformal_half_width_is_the_rank_that_covers_a_new_case() -> None:
    assert half_width(np.arange(1.0, 100.0), 0.95) == 95.0
    with pytest.raises(ValueError, match="too few"):
        half_width(np.arange(10.0), 0.95)


def test_intervals_cover_new_cases_when_errors_grow_with_age() -> None:
    generator = np.random.default_rng(0)

    def cases(count: int) -> tuple[np.ndarray, np.ndarray]:
        predicted = generator.uniform(12, 216, count)
        return predicted, predicted + generator.normal(0, 2 + predicted / 20)

    interval = fit_interval(*cases(620), source="made-up cases")
    assert measured_coverage(interval, *cases(20000)) == pytest.approx(0.95, abs=0.02)
    assert interval.half_widths_months[-1] > interval.half_widths_months[0]


def test_an_interval_never_goes_below_birth() -> None:
    assert Interval(0.95, "", (), (12.0,)).around(5.0) == (0.0, 17.0)
