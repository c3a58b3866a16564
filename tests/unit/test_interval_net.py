"""IntervalNet's parts: the chain, the classes of ages, the networks, and the recipes that train them."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest
import torch

from models.card import Task
from models.data.labels import Split
from models.interval_net.chain import Chain, to_chain
from models.interval_net.classed import load_classed
from models.interval_net.scale import AgeScale, Cut, Intervals, fit_scale
from models.interval_net.transforms import BilateralFilter, EnhanceTone, EqualiseLocally, prepared_frame
from models.networks import build_network
from models.networks.interval_net import IntervalNet, IntervalOutput
from models.phantom.drawing import draw
from models.preprocess import standard_frame
from models.training.changes import changed, parse_changes
from models.training.interval_net_recipe import IntervalRecipe, load_interval_recipe
from models.training.tasks import task_of
from tests.support.folder import write_folder

CONFIG = Path(__file__).parents[2] / "config" / "training"
RECIPES = sorted(CONFIG.glob("interval_net.*.yaml"))
PIXELS = draw(120, "M", seed=4, height=300, width=260).pixels
SCALE = AgeScale((0, 60, 120, 180, 228), (40, 90, 150, 200))
NONE = Chain(bilateral=False, tone=False, normalise=False, blur=False, clahe=False)


def _noisy() -> torch.Tensor:
    image = torch.zeros(1, 64, 64)
    image[:, :, 32:] = 0.8
    return (image + 0.05 * torch.randn(1, 64, 64, generator=torch.Generator().manual_seed(1))).clamp(0, 1)


def test_the_bilateral_filter_smooths_and_keeps_the_edge() -> None:
    before = _noisy()
    after = BilateralFilter()(before)
    assert after[0, :, 40:].std() < 0.6 * before[0, :, 40:].std()
    assert after[0, :, 33].mean() - after[0, :, 30].mean() > 0.7


def test_tone_raises_brightness_and_then_contrast_around_the_mean() -> None:
    image = torch.tensor([[[0.2, 0.4]]])
    assert EnhanceTone()(image).flatten().tolist() == pytest.approx([0.187, 0.473], abs=1e-3)


def test_local_equalisation_spreads_a_dark_image() -> None:
    dark = _noisy() * 0.2
    assert EqualiseLocally()(dark).std() > 1.3 * dark.std()


def test_stretching_and_equalising_alone_give_the_standard_frame() -> None:
    chain = Chain(bilateral=False, tone=False, blur=False)
    assert np.array_equal(prepared_frame(PIXELS, chain), standard_frame(PIXELS))


@pytest.mark.parametrize("step", Chain().steps)
def test_each_step_can_be_switched_on_alone_and_changes_the_frame(step: str) -> None:
    alone = dataclasses.replace(NONE, **{step: True})
    plain, changed_by_it = (prepared_frame(PIXELS, chain) for chain in (NONE, alone))
    assert alone.steps == (step,)
    assert plain.shape == changed_by_it.shape == (299, 299)
    assert np.abs(plain.astype(int) - changed_by_it).mean() > 0.1


@pytest.mark.parametrize(
    ("values", "fault"),
    [
        ({"sharpen": True}, "unknown key 'sharpen' of chain; allowed: bilateral, tone"),
        ({"blur": 3}, "chain.blur is true or false, not 3"),
        ("all", "chain is a mapping"),
    ],
)
def test_a_chain_that_makes_no_sense_is_named(values: object, fault: str) -> None:
    with pytest.raises(ValueError, match=fault):
        to_chain(values)


def test_equal_width_cuts_the_range_as_pandas_does_with_edges_closed_above() -> None:
    scale = fit_scale(Intervals(4), [0.0, 10.0, 11.0, 25.0, 30.0, 40.0])
    assert scale.edges_months == (0, 10, 20, 30, 40)
    assert scale.classes_of(np.array([0.0, 10, 11, 30, 31, 99])).tolist() == [0, 0, 1, 2, 3, 3]
    assert scale.centres_months == (5, 11, 27.5, 40)
    assert scale.names[0] == "0-10 months"


def test_equal_count_fills_the_classes_alike() -> None:
    ages = np.random.default_rng(0).gamma(3, 30, 1000).tolist()
    scale = fit_scale(Intervals(5, Cut.EQUAL_COUNT), ages)
    counts = np.bincount(scale.classes_of(np.array(ages)))
    assert counts.tolist() == [200] * 5


@pytest.mark.parametrize("cut", Cut)
def test_ages_that_do_not_fill_the_classes_are_refused(cut: Cut) -> None:
    with pytest.raises(ValueError, match="do not fill 3 classes"):
        fit_scale(Intervals(3, cut), [10.0, 10.0, 10.0, 200.0])


def test_the_expected_age_is_the_mean_of_the_centres_and_quantiles_run_through_the_edges() -> None:
    rows = np.array([[0.0, 1, 0, 0], [0.5, 0, 0, 0.5]])
    assert SCALE.expected(rows).tolist() == [90, 120]
    assert SCALE.quantiles(rows, 0.25).tolist() == [75, 30]
    assert SCALE.quantiles(rows, 0.75)[1] == pytest.approx(204)


@pytest.mark.parametrize("backbone", ["custom", "efficientnet_b0", "googlenet", "resnet18", "resnet50"])
def test_a_network_gives_classes_their_expected_age_and_a_map_that_adds_up_to_it(backbone: str) -> None:
    network = IntervalNet(
        SCALE.edges_months, SCALE.centres_months, backbone=backbone, width=0.125, widths=(4, 8), hidden=8
    ).eval()
    output = network(torch.rand(2, 1, 64, 64), torch.tensor([0.0, 1.0]))
    assert isinstance(output, IntervalOutput)
    expected = SCALE.expected(output.logits.double().softmax(1).detach().numpy())
    assert output.age_months.tolist() == pytest.approx(expected.tolist(), abs=1e-3)
    whole = output.activation_months.mean((1, 2)) + output.offset_months
    assert whole.tolist() == pytest.approx(output.age_months.tolist(), abs=1e-3)


def test_the_map_is_the_slope_of_the_expected_age_in_the_pooled_features() -> None:
    network = IntervalNet(SCALE.edges_months, SCALE.centres_months, widths=(4, 8), hidden=8).eval()
    nudge = torch.zeros(1, 8, 1, 1, requires_grad=True)
    maps: list[torch.Tensor] = []

    def nudged(_module: torch.nn.Module, _inputs: object, made: torch.Tensor) -> torch.Tensor:
        maps.append(made)
        return made + nudge

    network.backbone.register_forward_hook(nudged)
    output = network(torch.rand(1, 1, 32, 32), torch.ones(1))
    (slope,) = torch.autograd.grad(output.age_months.sum(), nudge, retain_graph=True)
    by_hand = (maps[0] * slope).sum(1)[0]
    assert torch.allclose(output.activation_months[0], by_hand, atol=1e-3)
    assert by_hand.abs().max() > 1e-3


def test_without_sex_boys_and_girls_are_read_alike_and_with_it_they_are_not() -> None:
    image = torch.rand(1, 1, 32, 32).repeat(2, 1, 1, 1)
    ages = {}
    for sex in (True, False):
        torch.manual_seed(0)
        network = IntervalNet(SCALE.edges_months, SCALE.centres_months, widths=(4, 8), hidden=8, sex=sex).eval()
        ages[sex] = network(image, torch.tensor([0.0, 1.0])).age_months.tolist()
    assert ages[False][0] == ages[False][1]
    assert ages[True][0] != ages[True][1]


@pytest.mark.parametrize("path", RECIPES, ids=lambda path: path.stem)
def test_every_recipe_is_read_and_the_slim_ones_have_at_most_300_000_parameters(path: Path) -> None:
    recipe = load_interval_recipe(path)
    assert (task_of(path), recipe.name, recipe.batch_size) == (Task.INTERVALS, path.stem, 64)
    scaled = dataclasses.replace(recipe, scale=fit_scale(recipe.intervals, list(map(float, range(1, 229)))))
    network = build_network(scaled.architecture, scaled.network_parameters)
    count = sum(parameter.numel() for parameter in network.parameters())
    assert (count <= 300_000) == path.stem.endswith("slim")


def test_the_paper_s_recipes_have_its_optimiser_its_chain_and_its_early_stop() -> None:
    papers = [load_interval_recipe(path) for path in RECIPES if path.stem.endswith("paper")]
    assert len(papers) == 4
    for recipe in papers:
        assert (recipe.learning_rate, recipe.constant_rate, recipe.weight_decay) == (0.001, True, 0.0)
        assert recipe.chain == Chain()
        assert recipe.patience is not None
        assert (recipe.intervals.count, recipe.intervals.cut) == (5, Cut.EQUAL_WIDTH)


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ("intervals: {count: 1}", "intervals.count is a whole number of at least 2, not 1"),
        ("intervals: {cut: even}", "intervals.cut is equal_width or equal_count, not 'even'"),
        ("intervals: 5", "intervals has the keys count and cut"),
        ("patience: 0", "patience is a whole number of at least 1, not 0"),
        ("chains: {}", "unknown key 'chains' of IntervalRecipe; allowed: .*chain"),
        ("scale: {edges_months: [1, 2, 3], centres_months: [1, 2]}", "the scale has 2 classes, intervals.count is 5"),
    ],
)
def test_a_key_that_makes_no_sense_is_named_with_its_file(line: str, fault: str, tmp_path: Path) -> None:
    path = tmp_path / "wrong.yaml"
    path.write_text(f"base: {CONFIG / 'interval_net.resnet.slim.yaml'}\n{line}\n")
    with pytest.raises(ValueError, match=rf"wrong\.yaml: {fault}"):
        load_interval_recipe(path)


def test_keys_are_changed_by_the_command_line_also_deep_ones() -> None:
    changes = parse_changes(["epochs=2", "intervals.count=3", "chain.blur=false"])
    document = {"epochs": 9, "intervals": {"count": 5, "cut": "equal_width"}}
    assert changed(document, changes) == {
        "epochs": 2, "intervals": {"count": 3, "cut": "equal_width"}, "chain": {"blur": False},
    }  # fmt: skip
    assert document["epochs"] == 9
    with pytest.raises(ValueError, match="give KEY=VALUE"):
        parse_changes(["epochs"])
    with pytest.raises(ValueError, match="epochs is no mapping"):
        changed(document, {"epochs.first": 1})


def test_what_passed_the_chain_is_kept_and_stands_in_the_order_of_the_labels(tmp_path: Path) -> None:
    folder, cache = write_folder(tmp_path / "data", {7: 0, 2: 3, 4: 8, 9: 9}), tmp_path / "cache"
    first = load_classed(folder, Split.TRAIN, 10, Chain(), 64, cache)
    assert [label.id for label in first.labels] == [7, 2]
    assert first.frames.shape == (2, 64, 64)
    kept = list(cache.iterdir())
    again = load_classed(folder, Split.TRAIN, 10, Chain(), 64, cache)
    assert np.array_equal(first.frames, again.frames)
    assert list(cache.iterdir()) == kept
    other = load_classed(folder, Split.TRAIN, 10, NONE, 64, cache)
    assert not np.array_equal(first.frames, other.frames)
    alone = load_classed(folder, Split.TRAIN, 1, Chain(), 64, cache)
    assert np.array_equal(alone.frames[0], first.frames[0])
    with pytest.raises(ValueError, match="no images of the calibrate split"):
        load_classed(folder, Split.CALIBRATE, 5, Chain(), 64, cache)


def test_a_recipe_without_classes_says_that_it_has_to_be_trained_first() -> None:
    recipe = load_interval_recipe(RECIPES[0])
    assert isinstance(recipe, IntervalRecipe)
    with pytest.raises(ValueError, match="not cut into classes yet"):
        _ = recipe.network_parameters
