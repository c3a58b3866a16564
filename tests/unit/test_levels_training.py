"""The training of a grader of thirteen bones on the levels of a site, to a card and to what it reads."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
import yaml

from models.card import Task
from models.data.labels import Split
from models.evaluation.levels_run import evaluate_graders
from models.evaluation.measure import measure
from models.evaluation.plan import Plan
from models.levels.hands import load_graded
from models.levels.phantom_site import write_phantom_site
from models.levels.scale import BONES, COUNTS
from models.package import package
from models.preprocess import shrink
from models.registry import load
from models.training.levels import LevelsTrainer, level_weights
from models.training.levels_recipe import load_levels_recipe
from models.training.levels_run import train_grader
from models.training.task_run import TrainingOrder
from models.training.tasks import TRAININGS, task_of

RECIPE = """name: tiny
task: levels
architecture: levels_net
parameters: {backbone: densenet121, width: 0.0625, attention: 8}
input_size: 32
epochs: 2
batch_size: 4
learning_rate: 0.01
ema_decay: 0.8
seed: 1
"""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_phantom_site(tmp_path_factory.mktemp("site"), 20, seed=5)


def recipe_in(folder: Path, text: str = RECIPE) -> Path:
    (folder / "tiny.yaml").write_text(text, encoding="utf-8")
    return folder / "tiny.yaml"


def test_rare_levels_weigh_more_as_the_power_says_and_a_bones_weights_average_one() -> None:
    levels = np.zeros((8, 13), np.int64)
    levels[:2] = 3
    plain, root, whole = (level_weights(levels, power) for power in (0.0, 0.5, 1.0))
    np.testing.assert_allclose(plain[:, [0, 3]], 1)
    np.testing.assert_allclose(root[:, 3] / root[:, 0], np.sqrt(3), rtol=1e-6)
    np.testing.assert_allclose(whole[:, 3] / whole[:, 0], 3, rtol=1e-6)
    np.testing.assert_allclose((whole[:, 3] * 2 + whole[:, 0] * 6) / 8, 1, rtol=1e-6)
    assert (whole[:, [1, 2, 4]] == 0).all()


def test_a_step_learns_every_bone_and_the_same_generator_costs_the_same(site: Path, tmp_path: Path) -> None:
    recipe, hands = load_levels_recipe(recipe_in(tmp_path)), load_graded(site, 32, tmp_path)
    trainer = LevelsTrainer(recipe, hands.take(Split.TRAIN), hands.take(Split.SELECT), tmp_path, "cpu")
    batch = [torch.from_numpy(each[:2]) for each in (hands.crops, hands.levels)]
    first, second = (trainer.loss(batch, torch.Generator().manual_seed(7)) for _ in range(2))
    assert float(first.detach()) == float(second.detach())
    first.backward()
    heads = trainer.network.get_submodule("heads")
    assert all(parameter.grad is not None and bool(parameter.grad.any()) for parameter in heads.parameters())
    assert float(first.detach()) > 1.5


def test_a_batch_costs_the_mean_of_its_weighted_cross_entropies(site: Path, tmp_path: Path) -> None:
    still = dict.fromkeys(["rotation_deg", "scale", "log_aspect", "shift", "log_gamma", "contrast", "noise"], 0.0)
    unmoved = {"augmentation": {**still, "flip": False}, "bfloat16": False, "class_weights": 1.0}
    text = RECIPE + yaml.safe_dump(unmoved)
    recipe, hands = load_levels_recipe(recipe_in(tmp_path, text)), load_graded(site, 32, tmp_path)
    trainer = LevelsTrainer(recipe, hands.take(Split.TRAIN), hands.take(Split.SELECT), tmp_path, "cpu")
    trainer.network.eval()
    batch = [torch.from_numpy(each[:3]) for each in (hands.crops, hands.levels)]
    with torch.inference_mode():
        cost = float(trainer.loss(batch, torch.Generator().manual_seed(0)))
        images = shrink(batch[0].float().flatten(0, 1)[:, None] / 255, 32).unflatten(0, (3, 13))
        likely = trainer.network(images).log_softmax(2)
    weights = level_weights(hands.take(Split.TRAIN).levels, 1.0)
    costs = [
        -float(likely[hand, bone, level]) * weights[bone, level]
        for hand, levels in enumerate(batch[1].tolist())
        for bone, level in enumerate(levels)
    ]
    assert cost == pytest.approx(float(np.mean(costs)), rel=1e-3)


def test_levels_are_told_from_phantoms_once_they_were_learnt_by_heart(site: Path, tmp_path: Path) -> None:
    """A whole site to a card: the training loss falls, weights are packaged, and the evaluation reads them."""
    text = RECIPE.replace("epochs: 2", "epochs: 10")
    order = TrainingOrder(recipe_in(tmp_path, text), site, tmp_path / "run", device="cpu", cache=tmp_path)
    assert task_of(order.recipe) is Task.LEVELS
    TRAININGS[Task.LEVELS](order)
    rows = [json.loads(line) for line in (tmp_path / "run" / "log.jsonl").read_text(encoding="utf-8").splitlines()]
    assert rows[-1]["train_loss"] < 0.9 * rows[0]["train_loss"]
    card = package(
        tmp_path / "run", name="grader", version="0.1.0", data=site, directory=tmp_path / "weights", cache=tmp_path
    )
    assert (card.task, card.interval, card.classes) == (Task.LEVELS, None, tuple(map(str, BONES)))
    assert card.metrics["test_hands"] == 2
    assert 0 < card.metrics["test_mae_months"] < 150
    assert card.data.startswith("a site's own")
    loaded = load("grader", directory=tmp_path / "weights")
    assert loaded.card.parameters["counts"] == list(COUNTS)
    page = evaluate_graders(
        ["grader", str(tmp_path / "run")], data=site, output=tmp_path / "out", weights_directory=tmp_path / "weights",
        cache=tmp_path,
    )  # fmt: skip
    assert page == (tmp_path / "out" / "levels-fold9.md").read_text(encoding="utf-8")
    assert "| radius | 15 |" in page
    assert sorted(path.suffix for path in (tmp_path / "out").iterdir()) == [".csv", ".md", ".png", ".png"]
    with pytest.raises(ValueError, match="graders are measured with --fold and --output alone"):
        measure(Plan((str(tmp_path / "run"),), limit=3), data=site, output=None, weights_directory=None, device="cpu")


def test_a_stopped_training_ends_as_if_it_had_not_been(site: Path, tmp_path: Path) -> None:
    recipe = recipe_in(tmp_path)
    for run, pauses in (("whole", 0), ("stopped", 1)):
        order = TrainingOrder(recipe, site, tmp_path / run, device="cpu", cache=tmp_path)
        for _ in range(pauses):
            train_grader(replace(order, max_minutes=0))
        train_grader(order)
    first, second = (torch.load(tmp_path / run / "checkpoint.pt", weights_only=True) for run in ("whole", "stopped"))
    assert (first["epochs_done"], second["epochs_done"]) == (2, 2)
    for key, value in first["network"].items():
        torch.testing.assert_close(value, second["network"][key], rtol=0, atol=0)


@pytest.mark.parametrize(
    ("line", "wrong"),
    [
        ("levels: 3", r"tiny\.yaml: .*levels"),
        ("phantoms: {train: 4}", "levels are learnt from a site's set; `dicom-node data phantom-levels`"),
        ("optimiser: adam", "'adam' is not a valid Optimiser"),
    ],
)
def test_a_recipe_at_fault_is_named_by_file_and_key(tmp_path: Path, line: str, wrong: str) -> None:
    with pytest.raises(ValueError, match=wrong):
        load_levels_recipe(recipe_in(tmp_path, RECIPE + line + "\n"))
