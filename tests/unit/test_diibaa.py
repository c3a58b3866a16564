"""DIIBAA's stages, what it adds to images, how its branches are joined, and its networks."""

import dataclasses
import re
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from models.data.frames import Radiographs
from models.data.labels import Label
from models.diibaa.batches import GroupOrder
from models.diibaa.frames import drawn, staged
from models.diibaa.integration import THRESHOLDS, find_threshold, integrate, lead, th_score_on
from models.diibaa.judged import mean_share, shares_told
from models.diibaa.mixup import mixed, unmixed
from models.diibaa.pairs import SNR_DB, pairs_of, perturb
from models.diibaa.stages import TABLE_4, Stage, StageBounds, to_bounds
from models.export import FlipAveraged, quiet_about_torchscript
from models.networks import build_network
from models.networks.diibaa import DIIBAA
from models.networks.stage_autoencoder import StageAutoencoder, StageAutoencoders
from models.networks.stage_cnn import StageCNN

TINY_CNN = {"backbone": "densenet49", "width": 0.0625, "sex": True}
TINY: dict[str, Any] = {
    "autoencoders": {"widths": [4, 4, 2]}, "scoring": {**TINY_CNN, "outputs": 1},
    "classifier": {**TINY_CNN, "outputs": 3}, "regressors": TINY_CNN, "stages": StageBounds().document(),
}  # fmt: skip


def test_gaps_and_overlaps_of_the_paper_are_cut_at_their_midpoints() -> None:
    assert StageBounds().cuts_months("F") == pytest.approx((45, 165))
    assert StageBounds().cuts_months("M") == pytest.approx((42.6, 177))


@given(months=st.floats(1, 240), sex=st.sampled_from("FM"))
def test_every_age_has_one_stage_and_an_age_of_one_printed_range_alone_has_that_one(months: float, sex: str) -> None:
    place = StageBounds().place(sex, months)
    inside = [n for n, (least, greatest) in enumerate(TABLE_4[sex]) if 12 * least <= months <= 12 * greatest]
    assert 0 <= place <= 2
    assert len(inside) != 1 or inside == [place]


def test_ages_are_scaled_from_the_stage_s_least_to_its_greatest() -> None:
    base_and_scale = StageBounds().base_and_scale("F")
    assert base_and_scale == pytest.approx(np.array([[6, 39], [45, 120], [165, 51]]))


def test_bounds_are_read_as_they_are_written() -> None:
    assert to_bounds(StageBounds().document()) == StageBounds()
    other = StageBounds().document() | {"F": {"S1": [0, 4], "S2": [4, 14], "S3": [14, 18]}}
    assert to_bounds(other).cuts_months("F") == (48, 168)


@pytest.mark.parametrize(
    ("sex", "stages", "fault"),
    [
        ("F", {"S1": [0, 4], "S2": [4, 14]}, "stages of F are S1, S2 and S3; 'S3' is unknown or missing"),
        ("F", {"S1": [0, 4], "S2": [4, 14], "S3": [14, 12]}, "both rising"),
        ("M", {"S1": [0, 4], "S2": [4, 14], "S3": [14]}, "a stage of M is [least, greatest] years"),
        ("X", {"S1": [0, 4], "S2": [4, 14], "S3": [14, 18]}, "stages are given for F and M"),
    ],
)
def test_bounds_that_make_no_sense_are_named(sex: str, stages: dict[str, list[float]], fault: str) -> None:
    with pytest.raises(ValueError, match=re.escape(fault)):
        to_bounds({**StageBounds().document(), sex: stages})


def test_perturbed_images_have_the_published_signal_to_noise_ratio() -> None:
    images = torch.full((64, 1, 32, 32), 0.5)
    noise = perturb(images, SNR_DB, torch.Generator().manual_seed(1)) - images
    snr = 10 * torch.log10(images.square().mean((1, 2, 3)) / noise.square().mean((1, 2, 3)))
    assert 6.7 < snr.min() < 7.5
    assert 9.3 < snr.max() < 10.3


def test_an_autoencoder_sees_all_of_its_stage_and_a_twentieth_as_many_of_others() -> None:
    stages = np.repeat([0, 1, 2], [20, 200, 40])
    pairs = pairs_of(stages, 0.05, seed=1)
    counted = [((pairs.autoencoders == place) & ~pairs.perturbed).sum() for place in range(3)]
    added = [((pairs.autoencoders == place) & pairs.perturbed).sum() for place in range(3)]
    assert (counted, added) == ([20, 200, 40], [1, 10, 2])
    assert ((stages[pairs.images] == pairs.autoencoders) == ~pairs.perturbed).all()


def test_batches_are_of_one_group_and_reach_every_row_once() -> None:
    groups = np.repeat([0, 1, 2], [1, 9, 4])
    order = GroupOrder(groups, 4, seed=1)
    batches = list(order)
    assert sorted(len(batch) for batch in batches) == [1, 4, 4, 4]
    assert len(order) == len(batches) == 4
    assert all(len(set(groups[batch])) == 1 for batch in batches)
    rows = [row for batch in batches for row in batch]
    assert len(set(rows)) == len(rows) == 13
    order.epoch = 1
    assert list(order) != batches


def test_a_smaller_group_comes_again_until_it_is_as_many_or_was_repeated_often_enough() -> None:
    groups = np.repeat([0, 1, 2], [2, 12, 7])
    order = GroupOrder(groups, 4, seed=1, repeats=3)
    rows = [row for batch in order for row in batch]
    assert np.bincount(groups[rows]).tolist() == [6, 12, 12]
    assert np.bincount(rows).max() == 3
    assert len(list(order)) == len(order) == 8


def _labels() -> list[Label]:
    """Of each sex 1 of S1, 6 of S2, 2 of S3."""
    months = [20, 60, 70, 80, 90, 100, 110, 200, 210]
    return [Label(n, float(age), sex, 0) for n, (sex, age) in enumerate((s, a) for s in "FM" for a in months)]


def _radiographs() -> Radiographs:
    frames = np.random.default_rng(1).integers(0, 255, (18, 299, 299), np.uint8)
    return Radiographs(tuple(_labels()), frames)


def test_mixup_makes_the_ends_as_many_as_the_middle_within_stage_and_sex() -> None:
    everything = staged(_radiographs(), range(18), StageBounds(), 16)
    mixtures = mixed(everything.stages, everything.male, seed=3)
    first, second = mixtures.first, mixtures.second
    assert everything.counts() == {"F": [1, 6, 2], "M": [1, 6, 2]}
    assert np.bincount(everything.stages[first]).tolist() == [12, 12, 12]
    assert (everything.stages[first] == everything.stages[second]).all()
    assert (everything.male[first] == everything.male[second]).all()
    assert (mixtures.share[:18] == 1).all()
    assert 0 <= mixtures.share[18:].min() < mixtures.share[18:].max() < 1


def test_a_mixture_is_the_weighted_sum_of_its_images() -> None:
    everything = staged(_radiographs(), range(18), StageBounds(), 16)
    mixtures = dataclasses.replace(unmixed(18), second=np.arange(18)[::-1].copy(), share=np.full(18, 0.25, np.float32))
    made = mixtures.of(everything.frames, torch.tensor([0, 5]))
    assert made.shape == (2, 1, 16, 16)
    wanted = 0.25 * everything.frames[5] + 0.75 * everything.frames[12]
    assert torch.allclose(made[1, 0], wanted / 255)


def test_images_are_drawn_by_sex_and_by_so_many_of_a_stage() -> None:
    labels, bounds = _labels(), StageBounds()
    assert drawn(labels, bounds, None, None, 0) == list(range(18))
    assert drawn(labels, bounds, "M", None, 0) == list(range(9, 18))
    few = drawn(labels, bounds, None, {"F": (1, 3, 1), "M": (0, 2, 1)}, 0)
    assert [bounds.place(labels[n].sex, labels[n].bone_age_months) for n in few] == [0, 1, 1, 1, 2, 1, 1, 2]
    with pytest.raises(ValueError, match="counts: 2 images of F S1 are asked for, there are 1"):
        drawn(labels, bounds, None, {"F": (2, 3, 1), "M": (0, 2, 1)}, 0)


SCORES = np.array([[0.9, 0.2, 0.1], [0.5, 0.45, 0.1], [0.1, 0.2, 0.6]])


def test_the_first_branch_decides_where_it_leads_by_more_than_the_threshold() -> None:
    by_mixup = np.array([1, 1, 1])
    assert lead(SCORES) == pytest.approx([0.7, 0.05, 0.4])
    assert integrate(SCORES, by_mixup, 0.1).tolist() == [0, 1, 2]
    assert integrate(SCORES, by_mixup, 0.5).tolist() == [0, 1, 1]
    assert integrate(SCORES, by_mixup, np.array([0.8, 0.01, 0.3])).tolist() == [1, 0, 2]


def test_the_threshold_is_the_best_and_not_the_last_with_any_accuracy() -> None:
    accuracies = dict(zip(THRESHOLDS, [0.5, 0.5, 0.9, 0.9, 0.6, 0.6, 0.6, 0.5, 0.5, 0.4], strict=True))
    assert find_threshold(accuracies.__getitem__) == 0.15
    assert th_score_on(SCORES, np.array([1, 1, 1]), np.array([0, 1, 1])) == 0.4


def test_shares_told_are_of_each_stage_and_a_network_that_says_one_stage_reaches_a_third() -> None:
    stages = np.array([0, 1, 1, 1, 2])
    assert shares_told(np.array([0, 1, 1, 0, 1]), stages) == pytest.approx([1, 2 / 3, 0])
    assert mean_share(np.ones(5, np.int64), stages) == pytest.approx(1 / 3)
    assert shares_told(np.array([1]), np.array([1])) == [None, 1.0, None]


def test_the_paper_s_autoencoder_has_the_published_layers() -> None:
    with torch.device("meta"):
        autoencoder = StageAutoencoder()
        sizes = [(m.in_channels, m.out_channels) for m in autoencoder.modules() if isinstance(m, torch.nn.Conv2d)]
        images = torch.rand(1, 1, 224, 224)
        assert sizes == [(1, 512), (512, 256), (256, 128), (128, 128), (128, 256), (256, 512), (512, 1)]
        assert autoencoder.encoder(images).shape == (1, 128, 28, 28)
        assert autoencoder(images).shape == images.shape


def test_the_paper_s_network_is_a_densenet169_of_one_grey_channel() -> None:
    network = StageCNN(1)
    convolutions = [m for m in network.modules() if isinstance(m, torch.nn.Conv2d)]
    assert len(convolutions) + 1 == 169
    assert sum(p.numel() for p in network.parameters()) == 12_484_480 - 2 * 64 * 49 + 1_664 + 1


def test_no_autoencoder_learns_from_another_s_stage() -> None:
    network = StageAutoencoders(widths=(4, 4, 2))
    network(torch.rand(2, 1, 16, 16), 1).mean().backward()
    touched = [any(p.grad is not None for p in each.parameters()) for each in network.each]
    assert touched == [False, True, False]


def test_the_sex_changes_an_answer_only_where_it_is_an_input() -> None:
    images, girl, boy = torch.rand(1, 1, 32, 32), torch.zeros(1), torch.ones(1)
    for sex in (True, False):
        network = StageCNN(3, **{**TINY_CNN, "sex": sex}).eval()  # type: ignore[arg-type]
        assert torch.allclose(network(images, girl), network(images, boy)) is not sex


@pytest.fixture(scope="module")
def network() -> DIIBAA:
    torch.manual_seed(1)
    built = build_network("diibaa", TINY).eval()
    assert isinstance(built, DIIBAA)
    return built


def test_what_is_read_is_the_chosen_stage_s_regressor_in_its_range(network: DIIBAA) -> None:
    images, male = torch.rand(6, 1, 32, 32), torch.tensor([0.0, 1, 0, 1, 0, 1])
    with torch.inference_mode():
        output = network(images, male)
        for n, place in enumerate(output.stage.tolist()):
            normal = network.regressors(images[n : n + 1], male[n : n + 1], place)
            base, scale = StageBounds().base_and_scale("FM"[int(male[n])])[place]
            assert output.age_months[n].item() == pytest.approx(float(normal) * scale + base, abs=1e-3)
    whole = output.activation_months.mean((1, 2)) + output.offset_months
    assert torch.allclose(whole, output.age_months, atol=1e-3)


def test_what_is_exported_reads_any_number_of_images_as_the_network_does(network: DIIBAA) -> None:
    images, male = torch.rand(5, 1, 32, 32), torch.tensor([0.0, 1, 0, 1, 0])
    with torch.no_grad(), quiet_about_torchscript():
        script = torch.jit.trace(FlipAveraged(network), (images[:2], male[:2]))  # type: ignore[no-untyped-call]
        assert torch.allclose(script(images, male), FlipAveraged(network)(images, male), atol=1e-3)


def test_the_network_s_own_choice_is_algorithm_1(network: DIIBAA) -> None:
    generator = torch.Generator().manual_seed(2)
    scores, probabilities = (torch.rand(40, 3, generator=generator) for _ in range(2))
    male = torch.arange(40) % 2
    network.th_score_percent[:] = torch.tensor([20, 45])
    th_score = np.where(male.numpy() == 1, 0.45, 0.2)
    wanted = integrate(scores.double().numpy(), probabilities.argmax(1).numpy(), th_score)
    assert network.choose(scores, probabilities, male.float()).tolist() == wanted.tolist()
    assert len({*wanted.tolist()} & {n for n, _ in enumerate(Stage)}) == 3
