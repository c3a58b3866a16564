"""RegressionCNN's losses and recipes, and a training with attention maps from recipe to card."""

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest
import torch
import yaml

from models import package as packaging
from models.card import Card, Interval, read_card, write_card
from models.data.batches import RadiographDataset
from models.evaluation.readings import read_with
from models.networks import build_network
from models.registry import load
from models.training import run as training
from models.training.engine import Trainer
from models.training.losses import LossSettings, absolute_error, attention_loss, dynamic_k
from models.training.recipe import Phase, Recipe, load_recipe
from tests.support.radiographs import bright_with_age

CONFIG = Path(__file__).parents[2] / "config" / "training"
SLIM = sorted(CONFIG.glob("regression_cnn.*.slim.yaml"))
PAPER = sorted(CONFIG.glob("regression_cnn.*.paper.yaml"))


def test_the_attention_loss_of_known_readings() -> None:
    predicted, target = torch.tensor([150.0, 40.0]), torch.tensor([100.0, 80.0])
    assert attention_loss(predicted, target, 2.0).item() == pytest.approx((0.25 * 100 + 0.25 * 80) / 2)
    assert attention_loss(predicted, target, 1.0).item() == pytest.approx(absolute_error(predicted, target).item())


def test_a_high_k_weighs_the_hard_image_more_and_the_easy_one_less() -> None:
    predicted = torch.tensor([105.0, 180.0], requires_grad=True)
    target = torch.tensor([100.0, 100.0])
    shares = []
    for k in (1.0, 2.0):
        (gradient,) = torch.autograd.grad(attention_loss(predicted, target, k), predicted)
        shares.append((gradient[0] / gradient[1]).item())
    assert shares == pytest.approx([1.0, 0.05 / 0.8], rel=1e-4)


def test_k_falls_from_its_start_to_1() -> None:
    ks = [dynamic_k(step / 10, highest=3.0, until=0.8) for step in range(11)]
    assert ks[0] == 3.0
    assert ks == sorted(ks, reverse=True)
    assert ks[8:] == [1.0, 1.0, 1.0]


def test_a_loss_follows_its_settings_through_the_training() -> None:
    predicted, target = torch.tensor([150.0]), torch.tensor([100.0])

    def values(settings: LossSettings) -> list[float]:
        return [settings.at(progress)(predicted, target).item() for progress in (0.0, 1.0)]

    assert values(LossSettings()) == [50.0, 50.0]
    assert values(LossSettings("attention", k=2)) == [25.0, 25.0]  # type: ignore[arg-type]
    assert values(LossSettings("dynamic_attention", k=2)) == [25.0, 50.0]  # type: ignore[arg-type]


def test_the_five_configurations_differ_in_input_and_loss_alone() -> None:
    for size in ("paper", "slim"):
        recipes = [load_recipe(CONFIG / f"regression_cnn.s{n}.{size}.yaml") for n in range(1, 6)]
        kinds = [(len(recipe.channels), recipe.hand_boxes, recipe.loss.kind.value) for recipe in recipes]
        assert kinds == [
            (1, None, "absolute"), (2, "hand_detector", "absolute"), (1, None, "attention"),
            (1, None, "dynamic_attention"), (2, "hand_detector", "dynamic_attention"),
        ]  # fmt: skip
        same = [dataclasses.replace(r, name="", channels=(), hand_boxes=None, loss=LossSettings()) for r in recipes]
        assert all(recipe == same[0] for recipe in same)


@pytest.mark.parametrize("loss", ["square", {"kind": "attention", "k": 0.5}, {"kind": "attention", "power": 2}])
def test_a_loss_that_makes_no_sense_is_refused_with_the_files_name(loss: object, tmp_path: Path) -> None:
    path = tmp_path / "wrong.yaml"
    path.write_text(yaml.safe_dump({"name": "a", "architecture": "whole_hand", "phases": [], "loss": loss}))
    with pytest.raises(ValueError, match=r"wrong\.yaml"):
        load_recipe(path)


@pytest.mark.parametrize("path", SLIM, ids=lambda path: path.name)
def test_every_slim_recipe_makes_a_step(path: Path, tmp_path: Path) -> None:
    recipe = dataclasses.replace(load_recipe(path), phases=(Phase(1, 80),), batch_size=4, bfloat16=False)
    trainer = Trainer(recipe, bright_with_age(4), bright_with_age(1, fold=8, seed=1), tmp_path, "cpu")
    before = {name: value.clone() for name, value in trainer.network.named_parameters()}
    trainer.run()
    assert any(not torch.equal(value, before[name]) for name, value in trainer.network.named_parameters())
    assert np.isfinite(json.loads((tmp_path / "log.jsonl").read_text())["select_mae"])


@pytest.mark.parametrize("path", PAPER, ids=lambda path: path.name)
def test_every_paper_recipe_builds(path: Path) -> None:
    recipe = load_recipe(path)
    with torch.device("meta"):
        network = build_network(recipe.architecture, recipe.network_parameters)
        output = network(torch.rand(2, len(recipe.channels), 299, 299), torch.rand(2))
    assert output.age_months.shape == (2,)
    assert (recipe.weight_decay, recipe.ema_decay, recipe.learning_rate) == (0.0, 0.0, 0.01)


@pytest.mark.parametrize("path", PAPER, ids=lambda path: path.name)
def test_every_paper_recipe_makes_a_step_at_a_smaller_side(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recipe = dataclasses.replace(load_recipe(path), phases=(Phase(1, 80),), batch_size=2, bfloat16=False)
    if recipe.parameters["backbone"] == "inception_v4":
        pytest.importorskip("timm")
    kept: list[dict[str, torch.Tensor]] = []
    monkeypatch.setattr("models.training.engine.torch.save", lambda state, _path: kept.append(state))
    monkeypatch.setattr("models.training.engine.write_checkpoint", lambda *_: None)  # half a gigabyte each
    trainer = Trainer(recipe, bright_with_age(2), bright_with_age(1, fold=8, seed=1), tmp_path, "cpu")
    before = [parameter.detach().clone() for parameter in trainer.network.parameters()]
    trainer.run()
    after = list(trainer.network.parameters())
    assert all(torch.isfinite(parameter).all() for parameter in after)
    assert sum(not torch.equal(*pair) for pair in zip(before, after, strict=True)) > 0.5 * len(after)
    assert len(kept) == 1


TINY = Recipe(
    name="tiny", architecture="whole_hand", parameters={"widths": [4, 4, 4, 8], "depths": [1, 1, 1, 1]},
    channels=load_recipe(CONFIG / "regression_cnn.s5.slim.yaml").channels,
    loss=LossSettings("dynamic_attention"), phases=(Phase(2, 32),), batch_size=4, bfloat16=False,
)  # type: ignore[arg-type]  # fmt: skip


def test_a_stopped_training_with_maps_and_a_falling_k_ends_with_the_same_weights(tmp_path: Path) -> None:
    sets = bright_with_age(8), bright_with_age(2, fold=8, seed=1)
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
    straight = Trainer(TINY, *sets, tmp_path / "a", "cpu")
    straight.run()
    Trainer(TINY, *sets, tmp_path / "b", "cpu").run(stop_at=0.0)
    resumed = Trainer(TINY, *sets, tmp_path / "b", "cpu")
    resumed.run()
    for name, value in straight.network.state_dict().items():
        assert torch.equal(value, resumed.network.state_dict()[name]), name


def test_the_fine_map_of_an_image_is_filtered_once(monkeypatch: pytest.MonkeyPatch) -> None:
    dataset = RadiographDataset(bright_with_age(2), TINY.channels)
    first = dataset[1]["image"]
    assert first.shape == (2, 299, 299)
    monkeypatch.setattr("models.attention.hessian.ridges", None)
    assert torch.equal(dataset[1]["image"], first)


def test_a_trained_network_ships_with_its_channels_and_is_read_the_same_way(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = {"train": bright_with_age(8), "select": bright_with_age(4, fold=8, seed=1)}
    made |= {"calibrate": bright_with_age(20, fold=8, seed=2), "test": bright_with_age(4, fold=9, seed=3)}
    give = lambda _recipe, _data, splits, **_options: [made[split.value] for split in splits]  # noqa: E731
    monkeypatch.setattr(training, "load_sets", give)
    monkeypatch.setattr("models.package_measures.load_sets", give)
    (tmp_path / "child.yaml").write_text(
        f"base: {CONFIG / 'regression_cnn.s5.slim.yaml'}\nphases: [{{epochs: 1, size: 80}}]\nbatch_size: 4\n"
        "parameters: {width: 0.0625, hidden: [8]}\nbfloat16: false\n"
    )
    training.train(tmp_path / "child.yaml", data=None, output=tmp_path / "run", device="cpu", cache=tmp_path / "cache")
    card = packaging.package(
        tmp_path / "run", name="tiny", version="1", data=None, directory=tmp_path / "weights", device="cpu"
    )
    assert card.channels == ("coarse", "fine")
    assert card.hand_detector is not None
    model = load("tiny", directory=tmp_path / "weights")
    assert model.card == card
    months = read_with(model, made["test"])
    truth = [label.bone_age_months for label in made["test"].labels]
    assert np.abs(months - truth).mean() == pytest.approx(card.metrics["test_mae_months"], abs=1e-3)


def test_a_card_of_before_there_were_channels_is_of_one(tmp_path: Path) -> None:
    path = tmp_path / "old.json"
    write_card(Card("a", "1", "", "whole_hand", {}, 64, Interval(0.95, "", (), (9.0,)), (0.5, 2.0), "", "", ""), path)
    document = json.loads(path.read_text())
    assert document.pop("channels") == ["frame"]
    path.write_text(json.dumps(document))
    assert read_card(path).channels == ("frame",)
    path.write_text(json.dumps({**document, "channels": ["bone"]}))
    with pytest.raises(ValueError, match=r"old\.json: .*unknown channel 'bone'"):
        read_card(path)
