"""The attention module: histogram matching, the crop to the hand, Hessian filtering, and the channels they make."""

import numpy as np
import pytest
import torch

from models.attention.channel import Channel, to_channels
from models.attention.coarse import WHOLE, Box, crop
from models.attention.hessian import derivative_matrix, fine_attention, hessian_eigenvalues
from models.attention.histogram import REFERENCE_LEVELS, match_histogram, quantile_levels
from models.attention.stack import coarse_attention, network_input, stack_channels
from models.preprocess import standard_frame, standardise

ROWS, COLUMNS = np.mgrid[:299, :299]


def _noise(seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (299, 299)).astype(np.uint8)


def test_a_frame_takes_the_references_distribution() -> None:
    dark = (_noise().astype(float) ** 2 / 255 / 2).astype(np.uint8)
    matched = match_histogram(dark, REFERENCE_LEVELS)
    assert np.abs(quantile_levels(matched) - REFERENCE_LEVELS)[1:-1].max() < 6
    assert np.abs(quantile_levels(dark) - REFERENCE_LEVELS).max() > 50


def test_a_frame_matched_to_itself_stays_as_it_is() -> None:
    frame = _noise()
    assert np.abs(match_histogram(frame, quantile_levels(frame, 257)).astype(int) - frame).max() <= 1


def test_matching_keeps_the_order_of_grey_levels() -> None:
    ramp = np.tile(np.arange(256, dtype=np.uint8), (4, 1))
    assert (np.diff(match_histogram(ramp, REFERENCE_LEVELS)[0].astype(int)) >= 0).all()


def test_the_eigenvalues_of_a_paraboloid_are_its_curvatures() -> None:
    x, y = torch.from_numpy(COLUMNS - 149.0).float(), torch.from_numpy(ROWS - 149.0).float()
    image = (3 * x**2 - y**2)[None, None] / 2
    smaller, larger = hessian_eigenvalues(image, 2.0)
    assert larger[0, 0, 149, 149] == pytest.approx(4 * 3, rel=1e-2)
    assert smaller[0, 0, 149, 149] == pytest.approx(4 * -1, rel=1e-2)


def test_a_flat_image_has_no_derivative_up_to_its_edges() -> None:
    for order in (1, 2):
        assert (derivative_matrix(40, 2.0, order) @ torch.ones(40)).abs().max() < 1e-5


def test_a_bright_line_answers_and_a_dark_one_or_a_flat_place_does_not() -> None:
    frame = np.full((299, 299), 100, np.uint8)
    frame[:, 98:101], frame[:, 198:201] = 200, 0
    fine = fine_attention(frame)
    assert fine.shape == (299, 299)
    assert fine.dtype == np.uint8
    assert fine[150, 99] > 150
    assert fine[150, 199] == 0
    assert fine[150, 30] == 0


def test_a_line_answers_more_than_a_round_spot_of_its_width() -> None:
    frame = np.zeros((299, 299), np.uint8)
    frame[:, 98:101] = 200
    frame[np.hypot(ROWS - 150, COLUMNS - 220) < 2] = 200
    fine = fine_attention(frame)
    assert fine[150, 99] > 1.5 * fine[150, 220]


def test_the_crop_draws_the_box_over_the_whole_frame() -> None:
    frame = np.zeros((299, 299), np.uint8)
    frame[75:150, 150:225] = 200
    inside = crop(frame, Box(150 / 299, 75 / 299, 225 / 299, 150 / 299))
    assert inside.shape == frame.shape
    assert (inside == 200).all()
    assert crop(frame, WHOLE) is frame


def test_a_box_without_an_inside_is_refused() -> None:
    with pytest.raises(ValueError, match="has an inside"):
        Box(0.5, 0.0, 0.5, 1.0)


def test_channels_stand_in_the_order_that_is_asked_for() -> None:
    frame = _noise()
    stacked = stack_channels(frame, (Channel.FINE, Channel.FRAME, Channel.COARSE))
    coarse = coarse_attention(frame)
    for found, expected in zip(stacked, (fine_attention(coarse), frame, coarse), strict=True):
        assert np.array_equal(found, expected)


def test_every_channel_is_cropped_to_the_same_box() -> None:
    frame = np.zeros((299, 299), np.uint8)
    frame[:, 20:23] = 200  # outside the box
    frame[:, 200:203] = 200
    cropped = stack_channels(frame, (Channel.FRAME, Channel.FINE), Box(0.5, 0, 1, 1))
    strongest = cropped.astype(int).sum(1).argmax(1)
    assert abs(strongest - (201 - 149.5) * 2).max() <= 2


def test_the_default_channel_is_what_the_networks_of_one_channel_see() -> None:
    pixels = np.random.default_rng(1).random((400, 250)).astype(np.float32)
    assert np.array_equal(network_input(standard_frame(pixels), 128)[0].numpy(), standardise(pixels, 128))


@pytest.mark.parametrize(("names", "message"), [
    ([], "channels are a list"), ("frame", "channels are a list"), (["bone"], "unknown channel 'bone'; known: frame"),
    (["fine", "fine"], "named twice"),
])  # fmt: skip
def test_channels_that_make_no_sense_are_refused(names: object, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        to_channels(names)
