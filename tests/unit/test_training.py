"""Recipes, augmentation, and a training that stops and goes on."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from models.data.augment import Augmentation, augment
from models.data.labels import Split, read_labels
from models.training.detection_recipe import is_detection
from models.training.engine import Trainer
from models.training.recipe import Phase, Recipe, load_recipe
from models.training.schedule import learning_rate
from tests.support.radiographs import bright_with_age

CONFIG = Path(__file__).parents[2] / "config" / "training"
RECIPES = [path for path in sorted(CONFIG.glob("*.yaml")) if not is_detection(path)]
WHOLE_HAND = [path for path in RECIPES if "whole_hand" in path.name]
TINY = Recipe(
    name="tiny", architecture="whole_hand", parameters={"widths": [8, 8, 8, 16], "depths": [1, 1, 1, 1]},
    phases=(Phase(2, 32), Phase(2, 48)), batch_size=8, bfloat16=False, ema_decay=0.5,
)  # fmt: skip


@pytest.mark.parametrize("path", RECIPES, ids=lambda path: path.name)
def test_every_shipped_recipe_loads(path: Path) -> None:
    recipe = load_recipe(path)
    assert recipe.epochs > 0
    assert recipe.size_at(recipe.epochs - 1) == recipe.input_size


@pytest.mark.parametrize("path", WHOLE_HAND, ids=lambda path: path.name)
def test_every_whole_hand_recipe_makes_a_step(path: Path, tmp_path: Path) -> None:
    recipe = load_recipe(path)
    small = replace(recipe, batch_size=2, phases=(Phase(1, recipe.input_size),))
    trainer = Trainer(small, bright_with_age(2), bright_with_age(1, fold=8), tmp_path, "cpu")
    before = trainer.network.state_dict()["weight"].clone()
    trainer.run()
    assert not torch.equal(before, trainer.network.state_dict()["weight"])


def test_a_recipe_changes_its_base(tmp_path: Path) -> None:
    (tmp_path / "base.yaml").write_text("name: a\narchitecture: whole_hand\nphases: [{epochs: 1, size: 64}]\nseed: 5\n")
    (tmp_path / "child.yaml").write_text("base: base.yaml\nname: b\n")
    recipe = load_recipe(tmp_path / "child.yaml")
    assert (recipe.name, recipe.seed) == ("b", 5)


def test_an_unknown_key_of_a_recipe_is_named_with_what_is_allowed(tmp_path: Path) -> None:
    path = tmp_path / "wrong.yaml"
    path.write_text("name: a\narchitecture: whole_hand\nphases: []\nlearning_rat: 1\n")
    with pytest.raises(
        ValueError, match=r"wrong\.yaml: unknown key 'learning_rat' of Recipe; allowed: .*learning_rate"
    ):
        load_recipe(path)


def test_the_learning_rate_rises_then_falls_to_zero() -> None:
    rates = [learning_rate(step / 100, highest=1.0, warmup_share=0.1) for step in range(101)]
    assert max(rates) == pytest.approx(1.0, abs=0.02)
    assert rates.index(max(rates)) == 10
    assert rates[-1] == pytest.approx(0, abs=1e-3)


def test_no_augmentation_leaves_the_frame_as_it_is() -> None:
    still = Augmentation(0, 0, 0, 0, flip=False, log_gamma=0, contrast=0, noise=0)
    frames = torch.rand(2, 1, 40, 40).clamp(1e-3, 1)
    assert torch.allclose(augment(frames, 40, still, torch.Generator().manual_seed(0)), frames, atol=1e-4)


def test_augmentation_shrinks_without_aliasing() -> None:
    still = Augmentation(0, 0, 0, 0, flip=False, log_gamma=0, contrast=0, noise=0)
    stripes = torch.zeros(1, 1, 300, 300)
    stripes[..., ::2] = 1
    assert augment(stripes, 100, still, torch.Generator().manual_seed(0)).std() < 0.05


def test_augmentation_stretches_the_aspect_as_far_as_it_says() -> None:
    only = Augmentation(0, 0, 0.5, 0, flip=False, log_gamma=0, contrast=0, noise=0)
    frames = torch.zeros(64, 1, 101, 101)
    frames[:, :, 40:61, 40:61] = 1
    images = augment(frames, 101, only, torch.Generator().manual_seed(0))[:, 0]
    aspect = images.sum(1).amax(1) / images.sum(2).amax(1)
    assert aspect.max() > 1.4
    assert aspect.min() < 0.72
    assert aspect.max() < np.exp(0.5) * 1.1


def test_a_training_that_was_stopped_ends_with_the_same_weights(tmp_path: Path) -> None:
    sets = bright_with_age(24), bright_with_age(8, fold=8, seed=1)
    straight = Trainer(TINY, *sets, _folder(tmp_path / "a"), "cpu")
    straight.run()
    stopped = Trainer(TINY, *sets, _folder(tmp_path / "b"), "cpu")
    stopped.run(stop_at=0.0)
    assert stopped.epochs_done == 1
    resumed = Trainer(TINY, *sets, tmp_path / "b", "cpu")
    resumed.run()
    assert resumed.epochs_done == 4
    for name, value in straight.network.state_dict().items():
        assert torch.equal(value, resumed.network.state_dict()[name]), name


def test_a_run_folder_of_another_recipe_is_not_gone_on_with(tmp_path: Path) -> None:
    sets = bright_with_age(8), bright_with_age(4, fold=8)
    Trainer(TINY, *sets, tmp_path, "cpu").run(stop_at=0.0)
    other = Recipe(**{**TINY.__dict__, "seed": 9})
    with pytest.raises(ValueError, match="made by another recipe"):
        Trainer(other, *sets, tmp_path, "cpu").run()


def test_training_learns_what_can_be_learnt(tmp_path: Path) -> None:
    recipe = Recipe(**{**TINY.__dict__, "phases": (Phase(12, 32),), "augmentation": Augmentation(0, 0, 0, 0)})
    trainer = Trainer(recipe, bright_with_age(64), bright_with_age(16, fold=8, seed=1), tmp_path, "cpu")
    trainer.run()
    log = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    assert log[-1]["train_mae"] < 0.75 * log[0]["train_mae"]


def test_folds_decide_what_an_image_is_used_for(tmp_path: Path) -> None:
    path = tmp_path / "labels.csv"
    path.write_text("id,bone_age_months,sex,fold\n1,12,F,0\n2,12,M,8\n3,12,M,8\n4,12,F,9\n")
    assert [label.split for label in read_labels(path)] == [Split.TRAIN, Split.SELECT, Split.CALIBRATE, Split.TEST]


def test_a_bad_label_is_named_by_its_line(tmp_path: Path) -> None:
    path = tmp_path / "labels.csv"
    path.write_text("id,bone_age_months,sex,fold\n1,12,F,0\n2,12,X,0\n")
    with pytest.raises(ValueError, match=r"labels\.csv:3"):
        read_labels(path)


def _folder(path: Path) -> Path:
    path.mkdir()
    return path
