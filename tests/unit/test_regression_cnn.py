"""RegressionCNN: its head and activation map, and the backbones of Table II."""

import sys

import pytest
import torch
from torch import nn

from models.networks import build_network
from models.networks.regression_cnn import GatedHead, RegressionCNN

SLIM = {"width": 0.0625, "hidden": [16, 16], "dropout": 0.3}
TABLE_II = {
    "inception_v3": (24_850_841, -1), "inception_v4": (43_713_305, 0), "resnet50": (26_611_385, 1),
    "resnet101": (45_682_297, 2), "densenet121": (9_090_297, 2), "densenet161": (29_925_593, 2),
}  # fmt: skip
"""The paper's count, and the parameters a normalised channel that the Keras networks it used have beyond torchvision's:
Keras's Inception-V3 has no scale in its norms, its ResNet-50 a bias in each convolution, and the public Keras ports of
the other three a second scale and shift."""


def _network(**parameters: object) -> RegressionCNN:
    torch.manual_seed(3)
    network = build_network("regression_cnn", {**SLIM, **parameters})
    assert isinstance(network, RegressionCNN)
    return network.eval()


@pytest.mark.parametrize("training", [False, True])
def test_the_heads_coefficients_are_the_derivative_that_autograd_finds(training: bool) -> None:
    torch.manual_seed(0)
    head = GatedHead(12, 2, (8, 6), dropout=0.4).train(training)
    features = torch.rand(5, 12, requires_grad=True)
    values, slopes = head(features, torch.rand(5, 2))
    (gradient,) = torch.autograd.grad(values.sum(), features)
    assert torch.allclose(slopes, gradient, atol=1e-6)
    assert slopes.min() < 0 < slopes.max()


def test_the_map_is_the_feature_maps_weighted_by_the_ages_derivative() -> None:
    network, male = _network(), torch.tensor([1.0, 0.0])
    images = torch.rand(2, 1, 96, 96)
    maps = network.features(images).detach().requires_grad_()
    network.features = lambda *_: maps  # type: ignore[method-assign]  # the head alone, on known maps
    output = network(images, male)
    (gradient,) = torch.autograd.grad(output.age_months.sum(), maps)
    cells = maps.shape[2] * maps.shape[3]
    assert torch.allclose((gradient * cells * maps).sum(1), output.activation_months, atol=1e-3)


def test_the_mean_of_the_map_plus_the_offset_is_the_reading_where_autograd_is_off() -> None:
    with torch.inference_mode():
        output = _network()(torch.rand(3, 1, 128, 128), torch.tensor([0.0, 1.0, 0.0]))
    assert output.activation_months.shape == (3, 2, 2)
    assert output.activation_months.abs().max() > 0
    assert torch.allclose(output.activation_months.mean((1, 2)) + output.offset_months, output.age_months, atol=1e-3)


@pytest.mark.parametrize("sex_features", [0, 32])
def test_the_sex_changes_the_reading(sex_features: int) -> None:
    network, images = _network(sex_features=sex_features), torch.rand(1, 1, 96, 96)
    girl, boy = (network(images, torch.tensor([sex])).age_months.item() for sex in (0.0, 1.0))
    assert girl != boy


def test_a_fresh_network_reads_near_the_mean_of_the_labels() -> None:
    ages = _network()(torch.rand(8, 1, 96, 96), torch.ones(8)).age_months
    assert (ages - 127).abs().max() < 20


def test_the_published_initialisation_is_a_gaussian_of_sd_0_001() -> None:
    network = _network(initialisation="gaussian", standard_units=False)
    weights = [m.weight.detach().flatten() for m in network.modules() if isinstance(m, (nn.Conv2d, nn.Linear))]
    assert torch.cat(weights).std().item() == pytest.approx(0.001, rel=0.02)
    assert torch.cat(weights).mean().abs().item() < 1e-5
    with pytest.raises(ValueError, match="gaussian, he"):
        _network(initialisation="zeros")


def test_the_text_s_network_ends_in_2048_features_and_two_layers_of_1024() -> None:
    with torch.device("meta"):
        network = RegressionCNN()
        maps = network.features(torch.rand(1, 1, 299, 299))
    assert maps.shape == (1, 2048, 8, 8)
    assert [tuple(layer.weight.shape) for layer in network.head.hidden] == [(1024, 2049), (1024, 1024)]


@pytest.mark.parametrize("name", TABLE_II)
def test_parameters_are_the_papers_but_for_what_its_library_counts(name: str) -> None:
    with torch.device("meta"):
        network = RegressionCNN(name, hidden=(1000, 1000), sex_features=32)
    paper, beyond = TABLE_II[name]
    channels = sum(m.num_features for m in network.modules() if isinstance(m, nn.BatchNorm2d))
    assert sum(p.numel() for p in network.parameters()) + beyond * channels == paper


@pytest.mark.parametrize("name", ["resnet50", "densenet121"])
def test_another_backbone_reads_with_the_same_head(name: str) -> None:
    network = RegressionCNN(name, channels=2, hidden=(8,)).eval()
    output = network(torch.rand(1, 2, 64, 64), torch.ones(1))
    assert output.activation_months.shape == (1, 2, 2)


@pytest.mark.parametrize("name", TABLE_II)
def test_a_narrower_backbone_keeps_every_layer(name: str) -> None:
    with torch.device("meta"):
        narrow, whole = RegressionCNN(name, width=0.25), RegressionCNN(name)
    shapes = [{name: p.shape for name, p in n.backbone.named_parameters()} for n in (narrow, whole)]
    assert shapes[0].keys() == shapes[1].keys()
    assert all(4 * shape[0] == shapes[1][name][0] for name, shape in shapes[0].items())


def test_what_cannot_be_built_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "timm", None)
    with pytest.raises(ValueError, match="pip install"):
        RegressionCNN("inception_v4")
    with pytest.raises(ValueError, match="known: densenet121"):
        RegressionCNN("vgg")
    with pytest.raises(ValueError, match="multiple of 1/16"):
        RegressionCNN(width=0.3)


@pytest.mark.parametrize("name", TABLE_II)
def test_a_narrow_backbone_reads(name: str) -> None:
    network = RegressionCNN(name, width=0.0625, channels=2, hidden=(8,)).eval()
    output = network(torch.rand(1, 2, 96, 96), torch.ones(1))
    assert output.age_months.shape == (1,)
    assert output.age_months.isfinite().all()
    assert network.features(torch.rand(1, 2, 96, 96)).min() >= 0
