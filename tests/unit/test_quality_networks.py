"""The networks for poor images: their layers as the paper counts them, their size, what a fresh one does."""

from pathlib import Path

import pytest
import torch
from torch import nn

from models.networks import build_network
from models.networks.quality_net import QualityNet
from models.networks.residual_unet import ResidualUNet
from models.training.quality_recipe import load_quality_recipe, load_restoration_recipe

CONFIG = Path(__file__).parents[2] / "config" / "training"


def _count(network: nn.Module, kind: type[nn.Module]) -> int:
    return sum(type(module) is kind for module in network.modules())


def _parameters(network: nn.Module) -> int:
    return sum(p.numel() for p in network.parameters())


@pytest.mark.parametrize("name", ["restoration.dq.paper", "restoration.dq.slim"])
def test_the_network_that_improves_has_23_convolutions_5_poolings_and_5_up_convolutions(name: str) -> None:
    recipe = load_restoration_recipe(CONFIG / f"{name}.yaml")
    with torch.device("meta"):
        network = build_network(recipe.architecture, recipe.network_parameters)
    counted = [_count(network, kind) for kind in (nn.Conv2d, nn.MaxPool2d, nn.ConvTranspose2d)]
    assert counted == [23, 5, 5]


def test_the_paper_s_channels_double_from_64_to_2048() -> None:
    with torch.device("meta"):
        network = ResidualUNet()
    assert [level[0].out_channels for level in network.down] == [64, 128, 256, 512, 1024, 2048]
    assert network.answer.in_channels == 64


def test_a_fresh_network_adds_nothing_and_a_changed_one_does() -> None:
    network, image = ResidualUNet((4, 4, 4, 4, 4, 4)).eval(), torch.rand(1, 1, 64, 64)
    assert (network(image) == 0).all()
    nn.init.ones_(network.answer.weight)
    assert network(image).shape == image.shape
    assert network(image).abs().max() > 0


def test_what_improves_looks_at_a_whole_neighbourhood() -> None:
    torch.manual_seed(0)
    network = ResidualUNet((8, 8, 8, 8, 8, 8)).eval()
    nn.init.normal_(network.answer.weight)
    image = torch.rand(1, 1, 96, 96, requires_grad=True)
    (gradient,) = torch.autograd.grad(network(image)[0, 0, 48, 48], image)
    assert gradient[0, 0, :24].abs().max() > 0


def test_the_classifier_answers_for_four_classes_by_fully_connected_layers() -> None:
    network = QualityNet(widths=(4, 8), depths=(1, 2), hidden=(6,), cells=2).eval()
    assert network(torch.rand(3, 1, 40, 40)).shape == (3, 4)
    assert [_count(network, kind) for kind in (nn.Conv2d, nn.MaxPool2d, nn.Linear)] == [3, 2, 2]
    with torch.device("meta"):
        paper = QualityNet()
    assert [_count(paper, kind) for kind in (nn.Conv2d, nn.Linear)] == [13, 3]


def test_classifier_and_direct_improvement_have_at_most_2_million_parameters_together() -> None:
    classifier = load_quality_recipe(CONFIG / "quality.slim.yaml")
    direct = load_restoration_recipe(CONFIG / "restoration.dq.slim.yaml")
    counted = [_parameters(build_network(each.architecture, each.network_parameters)) for each in (classifier, direct)]
    assert sum(counted) <= 2_000_000
