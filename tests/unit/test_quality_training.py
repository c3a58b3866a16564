"""The networks for poor images from recipe to weights, and what they say of an image."""

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest
import torch
from typer.testing import CliRunner

from dicom_node.cli import app
from models.card import Task, read_card
from models.data.labels import Label, Split
from models.degradation.kinds import Kind
from models.degradation.mixture import Mixture, poor_images
from models.degradation.transforms import degradation, degrade
from models.networks import build_network
from models.networks.residual_unet import ResidualUNet
from models.phantom.drawing import draw
from models.preprocess import standard_frame, stretched_frame
from models.quality.as_read import STEEPEST, AsRead, slope
from models.quality.classes import CHOICES, CLASSES
from models.quality.classifying import class_of, classify
from models.quality.improving import improve, psnr_db, residuals, stretched
from models.quality.measures import LEAST_THRESHOLD, threshold_for
from models.quality.pairs import pairs
from models.registry import load
from models.training.quality_recipe import (
    QualityRecipe,
    RestorationRecipe,
    load_quality_recipe,
    load_restoration_recipe,
)
from models.training.quality_run import load_classified, load_pairs
from models.training.recipe import PhantomSet
from models.training.tasks import task_of
from tests.support.folder import write_folder

CONFIG = Path(__file__).parents[2] / "config" / "training"
CLASSIFIER = QualityRecipe(
    name="tiny", architecture="quality_net", input_size=32, epochs=1, images=8, batch_size=8,
    parameters={"widths": [4], "depths": [1], "hidden": [4], "cells": 2},
)  # fmt: skip
DIRECT = RestorationRecipe(
    name="tiny", architecture="residual_unet", input_size=64, epochs=2, images=8, crop=32, batch_size=4,
    parameters={"widths": [2, 2, 2, 2, 2, 2]}, learning_rate=0.01, clip_norm=10.0, ema_decay=0.5,
)  # fmt: skip


@pytest.mark.parametrize("path", sorted(CONFIG.glob("restoration.*.yaml")), ids=lambda path: path.stem)
def test_every_recipe_of_an_improvement_is_read(path: Path) -> None:
    recipe = load_restoration_recipe(path)
    assert (task_of(path), recipe.name) == (Task.RESTORATION, path.stem)
    assert len(recipe.choices) == (5 if ".dq." in path.name else 1)


@pytest.mark.parametrize("path", sorted(CONFIG.glob("quality.*.yaml")), ids=lambda path: path.stem)
def test_every_recipe_of_a_classifier_is_read(path: Path) -> None:
    recipe = load_quality_recipe(path)
    assert (task_of(path), recipe.name, recipe.mixture.choices) == (Task.QUALITY, path.stem, CHOICES)


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ("choices: [[dust]]", "kinds of damage are a list of noise, label"),
        ("choice: []", "unknown key 'choice' of RestorationRecipe; allowed: .*choices"),
        ("task: quality", "task is restoration in such a recipe, not quality"),
        ("readers: [whole_hand]\nreading_share: 0", "readers have a reading_share above 0"),
        ("readers: [whole_hand]\nreading_share: 0.5\nreading_from: 2", "reading_from is 0 to 1"),
    ],
)
def test_a_key_that_makes_no_sense_is_named_with_its_file(line: str, fault: str, tmp_path: Path) -> None:
    path = tmp_path / "wrong.yaml"
    path.write_text(f"base: {CONFIG / 'restoration.dq.slim.yaml'}\n{line}\n")
    with pytest.raises(ValueError, match=rf"wrong\.yaml: {fault}"):
        load_restoration_recipe(path)


def test_both_learn_from_a_folder_by_splits(tmp_path: Path) -> None:
    folder = write_folder(tmp_path, {1: 0, 2: 3, 4: 8, 5: 8, 9: 9})
    frames = [load_classified(CLASSIFIER, folder, split) for split in (Split.TRAIN, Split.SELECT)]
    images = [load_pairs(DIRECT, folder, split) for split in (Split.TRAIN, Split.SELECT)]
    assert [len(each) for each in (*frames, *images)] == [2, 1, 2, 1]
    assert images[0].poor.shape == images[0].clean.shape == (2, 64, 64)
    with pytest.raises(ValueError, match="give their folder with --data"):
        load_classified(CLASSIFIER, None, Split.TRAIN)


@pytest.mark.parametrize(("recipe", "said"), [(CLASSIFIER, "select weight"), (DIRECT, "select PSNR in dB")])
def test_each_is_trained_by_the_command_and_goes_on_after_a_stop(
    recipe: QualityRecipe | RestorationRecipe, said: str, tmp_path: Path
) -> None:
    path, run = tmp_path / "tiny.yaml", tmp_path / "run"
    phantoms = dataclasses.asdict(PhantomSet(8, 4, 0, 0))
    path.write_text(json.dumps({**dataclasses.asdict(recipe), "augmentation": {}, "phantoms": phantoms}))
    for _ in range(2):
        result = CliRunner().invoke(app, ["train", str(path), "--output", str(run), "--device", "cpu"])
        assert result.exit_code == 0, result.output
        assert said in result.output
        assert "train: " in result.output
    assert len((run / "log.jsonl").read_text().splitlines()) == recipe.epochs
    network = build_network(recipe.architecture, recipe.network_parameters)
    network.load_state_dict(torch.load(run / "best.pt", weights_only=True))


def test_a_frame_is_poor_where_the_kinds_of_damage_together_are_probable() -> None:
    assert class_of(np.array([0.7, 0.2, 0.1, 0.0])) == 0
    assert CLASSES[class_of(np.array([0.4, 0.3, 0.1, 0.2]))] == "noise"
    assert class_of(np.array([0.4, 0.3, 0.1, 0.2]), threshold=0.7) == 0
    rows = classify(build_network("quality_net", CLASSIFIER.network_parameters), np.zeros((3, 299, 299), np.uint8), 32)
    assert rows.shape == (3, 4)
    assert rows.sum(1) == pytest.approx(1)


def test_an_image_to_which_nothing_is_added_is_read_as_it_was() -> None:
    pixels = draw(120, "M", seed=4, height=500, width=420).pixels
    same = improve(ResidualUNet((2,) * 6), pixels, 64)
    assert same.shape == pixels.shape
    assert np.abs(stretched_frame(same) - stretched_frame(pixels)).mean() < 0.005
    assert np.abs(standard_frame(same).astype(int) - standard_frame(pixels)).mean() < 2


def test_what_is_added_lands_where_the_network_says() -> None:
    class Corner(torch.nn.Module):
        def forward(self, images: torch.Tensor) -> torch.Tensor:
            added = torch.zeros_like(images)
            added[..., : images.shape[2] // 2, images.shape[3] // 2 :] = 0.5
            return added

    pixels = draw(120, "M", seed=4, height=500, width=420).pixels
    moved = improve(Corner(), pixels, 64) - stretched(pixels)
    assert moved[20:230, 230:400].mean() > 0.2
    assert np.abs(moved[270:]).max() < 1e-6


def test_a_pair_differs_where_the_damage_is_and_nowhere_else() -> None:
    label, pixels = Label(7, 120.0, "M", 0), draw(120, "M", seed=4, height=299, width=299).pixels
    mixture = Mixture(choices=((Kind.LABEL,),))
    (image,) = poor_images([(label, pixels)], mixture)
    made = pairs([image], 299)
    differs, covered = made.poor[0] != made.clean[0], image.poor != image.clean
    assert covered.any()
    assert not (differs & ~covered).any()


def test_an_image_of_any_side_is_improved_where_the_network_takes_multiples_alone() -> None:
    network = ResidualUNet((2,) * 6)
    torch.nn.init.ones_(network.answer.bias)  # type: ignore[arg-type]
    assert residuals(network, torch.zeros(2, 1, 45, 45)).shape == (2, 1, 45, 45)
    assert residuals(network, torch.zeros(1, 1, 64, 64)).min() == 1


def test_the_slope_of_an_equalisation_is_that_of_the_line_around_each_pixel() -> None:
    greys = torch.rand(1, 1, 60, 60, generator=torch.Generator().manual_seed(1))
    assert slope(greys, 0.1 + 0.5 * greys) == pytest.approx(0.5, abs=0.01)
    assert slope(torch.full_like(greys, 0.3), greys).max() < STEEPEST


def test_an_image_that_is_moved_down_the_gradient_is_read_more_like_the_clean_one() -> None:
    as_read = AsRead([load("phantom_whole_hand")])
    clean, old = (
        torch.from_numpy(draw(months, "M", seed=4, height=299, width=299).pixels)[None, None] for months in (60, 150)
    )
    male = torch.ones(1)
    assert [each.item() for each in as_read.distances(clean, clean, male, 0)] == [0, 0]
    image = old.clone().requires_grad_(True)
    apart, months = as_read.distances(image, clean, male, 0)
    gradients = [torch.autograd.grad(each.sum(), image, retain_graph=True)[0] for each in (apart, months)]
    moved = [(old - 0.02 * each / each.abs().max()).clamp(0, 1) for each in gradients]
    assert as_read.distances(moved[0], clean, male, 0)[0].item() < apart.item() - 0.005
    assert as_read.distances(moved[1], clean, male, 0)[1].item() < months.item() - 0.5


@pytest.mark.parametrize("name", ["whole_hand", "bonet_plus"])
def test_what_a_reader_sees_gets_coarser_from_level_to_level(name: str) -> None:
    sides: list[int] = []
    network = load(name).network
    for level in network.levels:  # type: ignore[union-attr]
        level.register_forward_hook(lambda _module, _inputs, maps: sides.append(maps.shape[-1]))
    network(torch.rand(1, 1, 128, 128), torch.ones(1))
    assert len(sides) >= 4
    assert sides == sorted(sides, reverse=True)


def test_a_reader_without_levels_is_refused_by_its_name() -> None:
    model = load("phantom_whole_hand")
    with pytest.raises(ValueError, match="phantom_whole_hand: its network has no levels"):
        AsRead([dataclasses.replace(model, network=torch.nn.Identity())])


def test_an_improvement_learns_as_a_reader_reads(tmp_path: Path) -> None:
    path, run = tmp_path / "tiny.yaml", tmp_path / "run"
    recipe = {**dataclasses.asdict(DIRECT), "input_size": 299, "readers": ["phantom_whole_hand"], "reading_share": 1.0}
    phantoms = dataclasses.asdict(PhantomSet(4, 2, 0, 0))
    path.write_text(json.dumps({**recipe, "augmentation": {}, "phantoms": phantoms}))
    result = CliRunner().invoke(app, ["train", str(path), "--output", str(run), "--device", "cpu"])
    assert result.exit_code == 0, result.output
    rows = [json.loads(line) for line in (run / "log.jsonl").read_text().splitlines()]
    assert all(row["select_misread_months"] > 0 for row in rows)
    path.write_text(json.dumps({**recipe, "input_size": 64, "augmentation": {}, "phantoms": phantoms}))
    refused = CliRunner().invoke(app, ["train", str(path), "--output", str(tmp_path / "other"), "--device", "cpu"])
    assert "phantom_whole_hand: input_size is 299" in refused.output


def test_psnr_falls_with_damage() -> None:
    clean = stretched(draw(120, "M", seed=4, height=200, width=200).pixels)
    weak, strong = (degrade(clean, 1, degradation(["noise"], {"noise": photons}))[0] for photons in (200, 10))  # type: ignore[list-item,dict-item]
    assert psnr_db(clean, clean) == 100
    assert psnr_db(clean + 0.1, clean) == pytest.approx(20, abs=1e-4)
    assert psnr_db(clean, weak) > psnr_db(clean, strong) + 5


@pytest.mark.parametrize(("recipe", "task"), [(CLASSIFIER, Task.QUALITY), (DIRECT, Task.RESTORATION)])
def test_each_is_packaged_with_figures_of_fold_8_alone(
    recipe: QualityRecipe | RestorationRecipe, task: Task, tmp_path: Path
) -> None:
    path, run, weights = tmp_path / "tiny.yaml", tmp_path / "run", tmp_path / "weights"
    phantoms = dataclasses.asdict(PhantomSet(4, 3, 2, 0))
    path.write_text(json.dumps({**dataclasses.asdict(recipe), "augmentation": {}, "phantoms": phantoms}))
    package = ["package", str(run), "--name", "made", "--version", "0.1", "--directory", str(weights)]
    for command in (["train", str(path), "--output", str(run), "--device", "cpu"], package):
        result = CliRunner().invoke(app, command)
        assert result.exit_code == 0, result.output
    card = read_card(weights / "made.json")
    assert (card.task, card.interval, card.metrics["select_images"]) == (task, None, 3)
    assert not [key for key in card.metrics if "test" in key]
    if task is Task.QUALITY:
        assert card.classes == CLASSES
        assert card.threshold is not None
        assert card.metrics["calibrate_good"] == 2


def test_a_threshold_calls_at_most_a_hundredth_of_good_images_poor() -> None:
    of_good = np.linspace(0, 1, 400)
    threshold = threshold_for(of_good)
    assert (of_good >= threshold).sum() == 4
    assert threshold_for(np.full(400, 0.01)) == LEAST_THRESHOLD
    assert threshold_for(np.array([0.9])) == pytest.approx(0.95)


def test_an_improvement_begins_with_weights_of_its_own_shape_alone(tmp_path: Path) -> None:
    path, run = tmp_path / "tiny.yaml", tmp_path / "run"
    phantoms = dataclasses.asdict(PhantomSet(4, 2, 0, 0))
    shape = {"parameters": {"widths": [8, 16, 32, 64, 96, 128]}, "start_from": "restoration", "epochs": 1}
    recipe = {**dataclasses.asdict(DIRECT), "augmentation": {}, "phantoms": phantoms, **shape}
    path.write_text(json.dumps({**recipe, "learning_rate": 0.0, "ema_decay": 0.0}))
    command = ["train", str(path), "--output", str(run), "--device", "cpu"]
    result = CliRunner().invoke(app, command)
    assert result.exit_code == 0, result.output
    begun, known = torch.load(run / "best.pt", weights_only=True), load("restoration")
    assert torch.equal(begun["answer.weight"], known.network.state_dict()["answer.weight"])
    assert json.loads((run / "facts.json").read_text())["start"]["sha256"] == known.sha256
    path.write_text(json.dumps({**recipe, "parameters": DIRECT.parameters}))
    refused = CliRunner().invoke(app, [*command[:3], str(tmp_path / "other"), *command[4:]])
    assert "restoration: its weights cannot begin a training of tiny" in " ".join(refused.output.split())
