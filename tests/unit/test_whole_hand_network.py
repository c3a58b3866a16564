"""The whole-hand network and its regression activation map."""

import pytest
import torch

from models.networks import build_network


def _network() -> torch.nn.Module:
    torch.manual_seed(3)
    return build_network("whole_hand", {"widths": [8, 8, 16, 24], "depths": [1, 1, 1, 1]}).eval()


def test_the_mean_of_the_activation_map_plus_the_offset_is_the_reading() -> None:
    images, male = torch.rand(4, 1, 96, 96), torch.tensor([0.0, 1.0, 0.0, 1.0])
    output = _network()(images, male)
    assert torch.allclose(output.activation_months.mean((1, 2)) + output.offset_months, output.age_months, atol=1e-3)


def test_the_maps_coefficients_are_the_derivative_of_age_by_pooled_feature() -> None:
    network, male = _network(), torch.tensor([1.0])
    maps = network.features(torch.rand(1, 1, 96, 96), male).detach().requires_grad_()
    network.features = lambda *_: maps  # the head alone, on known maps
    output = network(torch.rand(1, 1, 96, 96), male)
    (gradient,) = torch.autograd.grad(output.age_months.sum(), maps)
    cells = maps.shape[2] * maps.shape[3]
    weighted = (gradient * cells * maps).sum(1)
    assert torch.allclose(weighted, output.activation_months, atol=1e-3)


def test_the_sex_changes_the_reading() -> None:
    network = _network()
    network.offset.data = torch.tensor([0.0, 1.0])
    images = torch.rand(1, 1, 96, 96)
    girl, boy = (network(images, torch.tensor([sex])).age_months.item() for sex in (0.0, 1.0))
    assert girl != boy


def test_a_brighter_exposure_of_the_same_hand_reads_the_same() -> None:
    network, images, male = _network(), torch.rand(1, 1, 96, 96), torch.tensor([0.0])
    first, second = (network(images * gain + shift, male).age_months for gain, shift in ((0.5, 0.0), (0.8, 0.1)))
    assert torch.allclose(first, second, atol=1e-2)


def test_an_unknown_architecture_is_named_with_those_that_are_known() -> None:
    with pytest.raises(ValueError, match=r"'nothing'; known: .*whole_hand"):
        build_network("nothing", {})
