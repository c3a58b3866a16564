"""Mean activation maps by group, and the check that the strongest place matters."""

import numpy as np
import pytest
import torch

from models.data.labels import Label
from models.data.radiographs import Radiographs
from models.evaluation.activation import (
    HidingChanges,
    hidden,
    hiding_changes,
    hiding_markdown,
    mean_maps,
    other_region,
    read_maps,
    strongest_region,
    summarise_hiding,
)
from models.evaluation.metrics import By
from models.loaded import WholeHandOutput
from tests.support.radiographs import bright_with_age


class Corner(torch.nn.Module):
    """Reads the texture of the upper left quarter alone, and its map says so."""

    def forward(self, images: torch.Tensor, male: torch.Tensor) -> WholeHandOutput:
        rough = (images - torch.nn.functional.avg_pool2d(images, 5, 1, 2)).abs()
        maps = torch.nn.functional.avg_pool2d(rough, images.shape[-1] // 4)[:, 0] * 1000
        maps = maps * torch.tensor([1.0, 1, 0, 0])[None, :, None] * torch.tensor([1.0, 1, 0, 0])[None, None]
        offset = 10.0 + male
        return WholeHandOutput(maps.mean((1, 2)) + offset, maps, offset)


def _textured(count: int) -> Radiographs:
    generator = np.random.default_rng(0)
    frames = generator.integers(0, 255, (count, 299, 299)).astype(np.uint8)
    return Radiographs(tuple(Label(n, 60.0, "FM"[n % 2], 9) for n in range(count)), frames)


def test_maps_come_with_the_reading_that_they_add_up_to() -> None:
    radiographs = bright_with_age(3)
    months, maps = read_maps(Corner(), radiographs, 64)
    assert maps.shape == (3, 4, 4)
    assert months == pytest.approx(maps.mean((1, 2)) + 10 + np.array([0, 1, 0]), abs=1e-3)


def test_mean_maps_are_those_of_each_group() -> None:
    labels = (Label(1, 20, "F", 9), Label(2, 30, "F", 9), Label(3, 50, "F", 9), Label(4, 200, "M", 9))
    maps = np.arange(4, dtype=np.float32)[:, None, None] * np.ones((4, 2, 3), np.float32)
    found = {group.group: (group.count, float(group.activation_months[0, 0])) for group in mean_maps(labels, maps)}
    assert found["all"] == (4, 1.5)
    assert found["female, 0-36 months"] == (2, 0.5)
    assert found["male"] == (1, 3.0)
    assert "age" not in {group.group for group in mean_maps(labels, maps, [By.SEX])}


def test_the_strongest_region_lies_where_the_map_stands_out_in_either_direction() -> None:
    activation = np.full((10, 10), 5.0, np.float32)
    activation[7:9, 1:3] = -20
    top, left, bottom, right = strongest_region(activation, 100, side=0.2)
    assert (bottom - top, right - left) == (20, 20)
    assert abs(top - 70) <= 3
    assert abs(left - 10) <= 3


def test_the_strongest_cell_of_a_coarse_map_is_hidden_around_its_middle_and_not_in_the_corner() -> None:
    activation = np.array([[9.0, 0.0], [0.0, 0.0]], np.float32)
    top, left, bottom, right = strongest_region(activation, 100, side=0.2)
    assert ((top + bottom) / 2, (left + right) / 2) == pytest.approx((25, 25), abs=1)


def test_the_other_region_is_as_large_apart_and_on_the_bright_part() -> None:
    frame = np.zeros((100, 100), np.uint8)
    frame[:, 50:] = 200
    for seed in range(20):
        top, left, bottom, right = other_region(frame, (40, 60, 60, 80), np.random.default_rng(seed))
        assert (bottom - top, right - left) == (20, 20)
        assert top >= 60 or bottom <= 40 or left >= 80 or right <= 60
        assert frame[top:bottom, left:right].mean() > 0


def test_a_region_without_room_for_another_is_refused() -> None:
    with pytest.raises(ValueError, match="too large"):
        other_region(np.ones((10, 10), np.uint8), (1, 1, 9, 9), np.random.default_rng(0))


def test_hiding_keeps_the_brightness_and_takes_the_structure() -> None:
    frame = np.random.default_rng(0).integers(0, 255, (50, 50)).astype(np.uint8)
    covered = hidden(frame, (10, 10, 20, 20))
    assert covered[10:20, 10:20].std() == 0
    assert covered.mean() == pytest.approx(frame.mean(), abs=0.1)
    assert np.array_equal(covered[20:], frame[20:])


def test_a_network_that_reads_where_its_map_points_passes() -> None:
    check = summarise_hiding(hiding_changes(Corner(), _textured(12), 96))
    assert check.passed
    assert check.count == 12
    assert check.strongest_months > 3 * check.other_months
    assert check.test.t_test_p < 0.01


class Liar(Corner):
    """As Corner, but its map points to the opposite corner."""

    def forward(self, images: torch.Tensor, male: torch.Tensor) -> WholeHandOutput:
        out = super().forward(images, male)
        return WholeHandOutput(out.age_months, out.activation_months.flip(1, 2), out.offset_months)


def test_a_network_whose_map_points_elsewhere_does_not_pass() -> None:
    check = summarise_hiding(hiding_changes(Liar(), _textured(12), 96))
    assert not check.passed
    assert check.strongest_months < check.other_months


def test_the_summary_says_in_words_what_came_out() -> None:
    changes = HidingChanges(np.array([4.0, 6.0, 5.0]), np.array([1.0, 2.0, 6.0]))
    text = hiding_markdown(summarise_hiding(changes))
    assert "3 images by 5.00 months" in text
    assert "larger in 67 % of images" in text
