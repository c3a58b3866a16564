"""Damage that is known, repeatable and measured against the same images undamaged."""

import numpy as np
import pytest

from models.data.labels import Label
from models.data.radiographs import Radiographs
from models.degradation.damage import noisy, white_label
from models.evaluation.robustness import (
    CONDITIONS,
    Condition,
    damaged,
    damaged_set,
    gamma,
    measure_robustness,
    mirrored,
    robustness_markdown,
    robustness_row,
    rotated,
    stretched,
)
from models.phantom.damage import covering_label

LABELS = (Label(1, 50.0, "F", 9), Label(2, 100.0, "M", 9), Label(3, 150.0, "F", 9))


def _square() -> np.ndarray:
    pixels = np.zeros((100, 100), np.float32)
    pixels[30:70, 30:70] = 1
    return pixels


@pytest.mark.parametrize(("aspect", "expected"), [(0.7, 0.7), (1.3, 1.3)])
def test_stretching_changes_height_to_width_and_cuts_nothing_off(aspect: float, expected: float) -> None:
    image = stretched(_square(), aspect)
    assert image.shape == (100, 100)
    assert image.sum(0).max() / image.sum(1).max() == pytest.approx(expected, abs=0.05)
    assert stretched(np.ones((100, 100), np.float32), aspect).sum() == pytest.approx(
        10000 * min(aspect, 1 / aspect), rel=0.02
    )


def test_a_positive_rotation_turns_counter_clockwise() -> None:
    pixels = np.zeros((101, 101), np.float32)
    pixels[50, 90] = 1
    row, column = np.unravel_index(rotated(pixels, 20).argmax(), (101, 101))
    assert row == pytest.approx(50 - 40 * np.sin(np.radians(20)), abs=1)
    assert column == pytest.approx(50 + 40 * np.cos(np.radians(20)), abs=1)


def test_mirroring_twice_is_no_change() -> None:
    pixels = np.random.default_rng(0).random((20, 30), dtype=np.float32)
    assert not np.array_equal(mirrored(pixels), pixels)
    assert np.array_equal(mirrored(mirrored(pixels)), pixels)


def test_black_and_white_labels_cover_the_same_place() -> None:
    pixels = np.full((100, 100), 0.5, np.float32)
    black = covering_label(pixels, np.random.default_rng(4))
    white = white_label(pixels, np.random.default_rng(4))
    assert 100 < (black == 0).sum() < 700
    assert np.array_equal(black == 0, white == 1)


def test_a_dark_image_gets_no_more_noise_than_a_bright_one() -> None:
    bright = np.full((200, 200), 0.9, np.float32)
    spread = [noisy(image, np.random.default_rng(0)).std() / image.mean() for image in (bright, bright * 0.2)]
    assert spread[0] == pytest.approx(spread[1], rel=0.05)
    assert spread[0] > 0.04


def test_gamma_below_one_brightens() -> None:
    assert gamma(np.full((2, 2), 0.25, np.float32), 0.5) == pytest.approx(0.5)
    assert gamma(np.full((2, 2), 0.5, np.float32), 2.0) == pytest.approx(0.25)


@pytest.mark.parametrize("condition", CONDITIONS, ids=lambda condition: condition.name)
def test_every_damage_is_repeatable_and_stays_in_range(condition: Condition) -> None:
    pixels = np.random.default_rng(0).random((60, 60), dtype=np.float32)
    before = pixels.copy()
    once, again = (damaged(pixels, condition, LABELS[0]) for _ in range(2))
    assert np.array_equal(once, again)
    assert np.array_equal(pixels, before)
    assert once.dtype == np.float32
    assert once.shape == pixels.shape
    assert 0 <= once.min() <= once.max() <= 1
    assert not np.array_equal(once, pixels)


def test_each_image_has_damage_of_its_own() -> None:
    label = next(condition for condition in CONDITIONS if condition.name.startswith("black label"))
    pixels = np.full((60, 60), 0.5, np.float32)
    assert not np.array_equal(damaged(pixels, label, LABELS[0]), damaged(pixels, label, LABELS[1]))
    assert not np.array_equal(damaged(pixels, label, LABELS[0]), damaged(pixels, label, LABELS[0], seed=1))


def test_damage_comes_before_the_image_is_made_standard() -> None:
    images = [np.random.default_rng(n).integers(0, 255, (80, 60)).astype(np.uint8) for n in range(3)]
    dark = damaged_set(images, LABELS, Condition("dark", lambda pixels, rng: pixels * np.float32(0.3)))
    assert dark.frames.shape == (3, 299, 299)
    assert np.abs(dark.frames.astype(int) - damaged_set(images, LABELS, None).frames).max() <= 2


def test_the_added_error_is_paired_by_image() -> None:
    truth = np.array([50.0, 100.0, 150.0])
    row = robustness_row("x", LABELS, truth + np.array([6, -3, 5]), truth + np.array([2, -1, 1]))
    assert row.mae.value == pytest.approx(14 / 3)
    assert row.added.value == pytest.approx(10 / 3)
    assert row.added.low > 0
    assert row.moved == pytest.approx(10 / 3)


def test_each_condition_is_compared_with_clean_images_read_the_same_way() -> None:
    images = [np.random.default_rng(n).integers(0, 255, (50, 50)).astype(np.uint8) for n in range(3)]

    def read(radiographs: Radiographs, *, flip: bool = True) -> np.ndarray:
        return np.array([label.bone_age_months for label in radiographs.labels]) + (0.0 if flip else 7.0)

    still = Condition("still", lambda pixels, rng: pixels)
    single = Condition("single", lambda pixels, rng: pixels, flip=False)
    clean, first, second = measure_robustness(read, images, LABELS, [still, single])
    assert (clean.condition, clean.mae.value, clean.count) == ("clean", 0.0, 3)
    assert (first.mae.value, first.added.value) == (0.0, 0.0)
    assert (second.mae.value, second.added.value) == (7.0, 0.0)
    assert "| single | 3 | 7.00 [7.00, 7.00] | 0.00 [0.00, 0.00] | 0.00 |" in robustness_markdown([second])
