"""Two models on the same images."""

import numpy as np
import pytest
from scipy import stats

from models.data.labels import Label
from models.evaluation.comparison import compare, comparison_markdown, paired_test

LABELS = tuple(Label(n, 20.0 + 2 * n, "FM"[n % 2], 9) for n in range(80))
TRUTH = np.array([label.bone_age_months for label in LABELS])


def test_a_model_that_is_better_on_every_image_differs_with_both_tests() -> None:
    noise = np.random.default_rng(0).uniform(1, 3, len(LABELS))
    row = compare(LABELS, TRUTH + 2 * noise, TRUTH - noise)[0]
    assert row.first_mae == pytest.approx(2 * row.second_mae)
    assert row.test.difference.low > 0
    assert row.test.t_test_p < 1e-10
    assert row.test.wilcoxon_p < 1e-10


def test_models_that_err_alike_do_not_differ() -> None:
    generator = np.random.default_rng(3)
    row = compare(LABELS, TRUTH + generator.normal(0, 5, 80), TRUTH + generator.normal(0, 5, 80))[0]
    assert row.test.t_test_p > 0.05
    assert row.test.difference.low < 0 < row.test.difference.high


def test_the_p_value_is_that_of_a_one_sample_t_test_of_the_differences() -> None:
    generator = np.random.default_rng(1)
    first, second = generator.exponential(5, 30), generator.exponential(6, 30)
    assert paired_test(first, second).t_test_p == pytest.approx(stats.ttest_1samp(first - second, 0).pvalue)


def test_identical_models_have_no_p_value_but_a_difference_of_zero() -> None:
    test = paired_test(np.arange(5.0), np.arange(5.0))
    assert test.difference.value == 0
    assert np.isnan(test.t_test_p)
    assert np.isnan(test.wilcoxon_p)


def test_a_group_of_one_image_is_compared_without_a_test() -> None:
    assert np.isnan(paired_test(np.array([2.0]), np.array([1.0])).t_test_p)


def test_the_comparison_prints_each_group() -> None:
    text = comparison_markdown("a", "b", compare(LABELS, TRUTH + 1, TRUTH))
    assert "| all | 80 | 1.00 | 0.00 | 1.00 [1.00, 1.00] | - | - |" in text
    assert "| female, 0-36 months |" in text
