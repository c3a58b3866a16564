"""The network that grades thirteen bones together, and the crops that it sees."""

from pathlib import Path

import numpy as np
import pytest
import torch

from models.levels.crops import cut_bones
from models.levels.grading import grade
from models.levels.scale import BONES, COUNTS, MOST_LEVELS
from models.networks import build_network
from models.networks.levels_net import BoneAttention, LevelsNet
from models.training.levels_recipe import load_levels_recipe

TRAINING = Path(__file__).parents[2] / "config" / "training"
TINY = {"counts": COUNTS, "backbone": "densenet121", "width": 0.0625, "attention": 8}


def tiny(**changes: object) -> LevelsNet:
    torch.manual_seed(0)
    network = build_network("levels_net", {**TINY, **changes})
    assert isinstance(network, LevelsNet)
    return network.eval()


def test_each_bone_has_an_answer_for_each_of_its_levels_and_none_beyond() -> None:
    with torch.inference_mode():
        likely = tiny()(torch.rand(2, len(BONES), 1, 32, 32)).softmax(2)
    assert likely.shape == (2, len(BONES), MOST_LEVELS)
    for n, count in enumerate(COUNTS):
        assert (likely[:, n, :count] > 0).all()
        assert (likely[:, n, count:] == 0).all()


@pytest.mark.parametrize(("attention", "moves"), [(8, True), (0, False)])
def test_by_attention_alone_one_bones_crop_moves_the_answers_of_the_others(attention: int, moves: bool) -> None:
    network, crops = tiny(attention=attention), torch.rand(1, len(BONES), 1, 32, 32)
    other = crops.clone()
    other[:, 0] = 0
    with torch.inference_mode():
        difference = (network(crops) - network(other)).abs().amax(2)[0]
    assert difference[0] > 0
    assert bool((difference[1:] > 0).all()) == moves


def test_attention_is_the_scaled_product_of_queries_and_keys_and_adds_its_values() -> None:
    torch.manual_seed(1)
    layer, features = BoneAttention(6, 4), torch.randn(2, 13, 6)
    queries, keys, values = layer.queries(features), layer.keys(features), layer.values(features)
    expected = torch.zeros(2, 13, 6)
    for hand in range(2):
        for bone in range(13):
            products = torch.stack([queries[hand, bone] @ keys[hand, other] / 2 for other in range(13)])
            likely = products.exp() / products.exp().sum()
            expected[hand, bone] = features[hand, bone] + (likely[:, None] * values[hand]).sum(0)
    torch.testing.assert_close(layer(features), expected)
    torch.testing.assert_close(layer.weights(features).sum(2), torch.ones(2, 13))


@pytest.mark.parametrize("backbone", ["densenet121", "resnet50", "inception_v3"])
def test_slim_networks_have_at_most_a_million_and_a_half_parameters(backbone: str) -> None:
    recipe = load_levels_recipe(TRAINING / f"levels.{backbone}.slim.yaml")
    network = build_network(recipe.architecture, recipe.network_parameters)
    assert sum(each.numel() for each in network.parameters()) <= 1_500_000


@pytest.mark.parametrize("backbone", ["densenet121", "resnet50", "inception_v3"])
def test_paper_networks_are_as_wide_as_published_and_run(backbone: str) -> None:
    recipe = load_levels_recipe(TRAINING / f"levels.{backbone}.paper.yaml")
    network = build_network(recipe.architecture, recipe.network_parameters).eval()
    assert isinstance(network, LevelsNet)
    assert network.heads[0].in_features == {"densenet121": 1024, "resnet50": 2048, "inception_v3": 2048}[backbone]
    with torch.inference_mode():
        assert network(torch.rand(1, len(BONES), 1, 80, 80)).shape == (1, len(BONES), MOST_LEVELS)


def test_grading_gives_distributions_that_a_mirrored_hand_shares() -> None:
    crops = np.random.default_rng(0).integers(0, 256, (2, len(BONES), 36, 36), dtype=np.uint8)
    likely, mirrored = (grade(tiny(), each, 32) for each in (crops, crops[..., ::-1]))
    np.testing.assert_allclose(likely.sum(2), 1)
    np.testing.assert_allclose(likely, mirrored, atol=1e-5)


def picture() -> np.ndarray:
    y, x = np.mgrid[:200, :150]
    return (0.3 * np.sin(x / 9) + 0.3 * np.cos(y / 7) + 0.5).astype(np.float32)


def test_a_crop_shows_its_box_with_a_margin_and_its_whole_tone() -> None:
    pixels = np.zeros((200, 150), np.float32)
    pixels[80:120, 60:90] = 0.4
    (crop,) = cut_bones(pixels, np.array([[60.0, 80, 90, 120]]), 46)
    bright = np.argwhere(crop > 127)
    assert crop.max() == 255
    np.testing.assert_allclose([*bright.min(0), *bright.max(0)], [3, 3, 42, 42], atol=1)


def test_a_squashed_frame_gives_the_same_crop() -> None:
    pixels = picture()
    squashed = pixels.repeat(2, axis=1)
    box = np.array([[40.0, 50, 100, 130]])
    first, second = cut_bones(pixels, box, 40)[0], cut_bones(squashed, box * [2, 1, 2, 1], 40)[0]
    assert np.abs(first.astype(int) - second).mean() < 4


def test_a_box_at_the_edge_goes_on_with_the_edges_pixels_and_one_outside_is_refused() -> None:
    (crop,) = cut_bones(picture(), np.array([[-20.0, -20, 20, 20]]), 40)
    assert (crop[:18, :18] == crop[0, 0]).all()
    for box in ([10.0, 10, 10, 30], [200.0, 10, 220, 30]):
        with pytest.raises(ValueError, match="shows nothing of 150x200 pixels"):
            cut_bones(picture(), np.array([box]), 40)
