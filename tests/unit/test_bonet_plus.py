"""BoNet+: its layers as Table 1 prints them, its map, its losses and recipes."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from models.data.labels import Split
from models.data.phantoms import draw_phantoms
from models.degradation.kinds import Kind
from models.degradation.mixture import Mixture
from models.degradation.poor import made_poor
from models.networks import build_network
from models.networks.bonet_plus import BoNetPlus, Convolution, DenseBlock
from models.training.carry import carry
from models.training.losses import LossSettings, squared_error
from models.training.recipe import load_recipe
from models.training.run import load_sets
from tests.support.folder import write_folder

CONFIG = Path(__file__).parents[2] / "config" / "training"
TINY = {
    "stem": [4, 4], "growths": [2, 2, 2, 2, 2, 2], "transitions": [4, 4, 4, 4, 4, 6, 12], "head": [8, 6], "layers": 2,
}  # fmt: skip
TABLE_1 = [96, 96, 160, 128, 256, 128, 256, 128, 256, 128, 384, 256, 512, 256, 1024, 1024, 512, 1]
"""Channels after Conv(1), Conv(2), DB(1), TL(1) ... DB(6), TL(6), TL(7), Conv(3), Conv(4) and the output."""


def _tiny(*, sex: bool = False) -> BoNetPlus:
    torch.manual_seed(2)
    network = build_network("bonet_plus", {**TINY, "sex": sex})
    assert isinstance(network, BoNetPlus)
    for layer in network.modules():  # norms as of a trained network, so that nothing cancels
        if isinstance(layer, nn.BatchNorm2d):
            layer.running_mean.uniform_(-0.2, 0.2)
            layer.running_var.uniform_(0.5, 2)
            nn.init.uniform_(layer.weight, 0.5, 1.5)
    nn.init.normal_(network.head[-1][2].weight)
    return network.eval()


def test_the_layers_have_the_channels_of_table_1_and_fewer_than_10_million_parameters() -> None:
    network = BoNetPlus()
    steps = [each for part in (network.stem, network.blocks, [network.last], network.head) for each in part]
    found = []
    for step in steps:
        if isinstance(step, DenseBlock):
            convolutions = [layer[2] for layer in step.layers]
            assert [c.kernel_size for c in convolutions] == [(3, 3)] * 4
            found.append(convolutions[-1].in_channels + convolutions[-1].out_channels)
        elif isinstance(step, Convolution):
            found.append(step[2].out_channels)
    assert found == TABLE_1
    growths = [step.layers[0][2].out_channels for step in steps if isinstance(step, DenseBlock)]
    assert growths == [16, 32, 32, 32, 64, 64]
    assert [step[2].kernel_size[0] for step in network.stem if isinstance(step, Convolution)] == [7, 5]
    assert sum(isinstance(step, nn.MaxPool2d) for step in steps) == 7
    assert sum(p.numel() for p in network.parameters()) == 4_444_067 < 10_000_000


def test_every_convolution_comes_after_a_norm_and_a_relu() -> None:
    convolutions = [m for m in BoNetPlus().modules() if isinstance(m, nn.Conv2d)]
    ordered = [m for m in BoNetPlus().modules() if isinstance(m, Convolution)]
    assert len(convolutions) == len(ordered) == 2 + 6 * 4 + 7 + 3
    assert all([type(part) for part in each] == [nn.BatchNorm2d, nn.ReLU, nn.Conv2d] for each in ordered)


def test_an_image_of_256_px_ends_in_a_map_of_2_x_2() -> None:
    with torch.inference_mode():
        output = _tiny()(torch.rand(2, 1, 256, 256), torch.zeros(2))
    assert output.age_months.shape == (2,)
    assert output.activation_months.shape == (2, 2, 2)


@pytest.mark.parametrize("sex", [False, True])
def test_the_map_is_each_maximum_times_the_ages_derivative_by_it(sex: bool) -> None:
    network, male = _tiny(sex=sex), torch.tensor([1.0, 0.0, 1.0])
    kept: list[torch.Tensor] = []
    network.last.register_forward_hook(lambda *step: kept.append(step[2].detach().requires_grad_()) or kept[0])
    output = network(torch.rand(3, 1, 192, 192), male)
    (gradient,) = torch.autograd.grad(output.age_months.sum(), kept[0])
    cells = kept[0].shape[2] * kept[0].shape[3]
    assert output.activation_months.abs().max() > 0.1
    assert torch.allclose((gradient * kept[0]).sum(1) * cells, output.activation_months, atol=1e-3)


def test_the_mean_of_the_map_plus_the_offset_is_the_reading_in_training_too() -> None:
    output = _tiny().train()(torch.rand(4, 1, 96, 96), torch.zeros(4))
    assert torch.equal(output.activation_months.mean((1, 2)) + output.offset_months, output.age_months)


def test_the_paper_s_network_reads_without_the_sex_and_the_slim_one_with_it() -> None:
    images, sexes = torch.rand(1, 1, 96, 96), (torch.zeros(1), torch.ones(1))
    without, beside = ([_tiny(sex=sex)(images, male).age_months for male in sexes] for sex in (False, True))
    assert torch.equal(*without)
    assert not torch.equal(*beside)


def test_the_first_relu_lets_the_dark_parts_of_an_image_through() -> None:
    torch.manual_seed(0)
    network, image = BoNetPlus(**TINY), torch.rand(1, 1, 32, 32)
    centred = (image - image.mean()) / image.std()
    assert (network.stem[0][1](network.stem[0][0](centred)) > 0).all()


def test_the_squared_error_is_that_of_equation_5() -> None:
    predicted, target = torch.tensor([10.0, 20.0]), torch.tensor([13.0, 24.0])
    assert squared_error(predicted, target) == 12.5
    assert LossSettings("squared").at(0.3) is squared_error


def test_the_slim_network_has_about_0_8_million_parameters_and_the_recipes_differ_in_loss_alone() -> None:
    mae, mse = (load_recipe(CONFIG / f"bonet_plus.{loss}.slim.yaml") for loss in ("mae", "mse"))
    network = build_network(mae.architecture, mae.network_parameters)
    assert 750_000 <= sum(p.numel() for p in network.parameters()) <= 850_000
    assert mae.phases == mse.phases
    assert (mae.loss.kind, mse.loss.kind) == ("absolute", "squared")


def test_the_paper_s_recipe_has_the_published_settings() -> None:
    recipe = load_recipe(CONFIG / "bonet_plus.mae.paper.yaml")
    assert (recipe.input_size, recipe.batch_size, recipe.learning_rate, recipe.beta2) == (256, 20, 1e-4, 0.9999)
    assert recipe.network_parameters == {}


def test_nq_trains_on_good_and_poor_images_which_stay_the_same(tmp_path: Path) -> None:
    recipe = load_recipe(CONFIG / "bonet_plus.nq.slim.yaml")
    assert recipe.damages == ((), (Kind.NOISE,), (Kind.LABEL,), (Kind.LOW_RESOLUTION,))
    folder = write_folder(tmp_path, {**dict.fromkeys(range(1, 13), 0), 14: 8, 15: 8, 19: 9})
    plain = replace(recipe, damages=None)
    good, poor, again = (
        load_sets(each, folder, [Split.TRAIN], cache=tmp_path / "cache")[0] for each in (plain, recipe, recipe)
    )
    assert good.labels == poor.labels
    assert np.array_equal(poor.frames, again.frames)
    changed = [not np.array_equal(*frames) for frames in zip(good.frames, poor.frames, strict=True)]
    assert 0 < sum(changed) < len(changed)


def test_phantoms_are_made_poor_as_they_were_drawn() -> None:
    drawn = draw_phantoms(Split.TRAIN, 4)
    clean = made_poor(drawn, Mixture(((),)), None)
    noisy = made_poor(drawn, Mixture(((Kind.NOISE,),)), None)
    assert np.array_equal(clean.frames, drawn.frames)
    assert all(not np.array_equal(*frames) for frames in zip(noisy.frames, drawn.frames, strict=True))


def test_a_recipe_with_damage_is_not_carried_and_takes_a_data_folder_alone(tmp_path: Path) -> None:
    path = CONFIG / "bonet_plus.nq.slim.yaml"
    with pytest.raises(ValueError, match=r"nq\.slim\.yaml: trains on images made poor"):
        carry([path], data=tmp_path, output=tmp_path / "out")
    (tmp_path / "wrong.yaml").write_text(f"base: {path}\ndamages: [[dust]]\n")
    with pytest.raises(ValueError, match=r"wrong\.yaml: kinds of damage are a list of noise, label"):
        load_recipe(tmp_path / "wrong.yaml")
