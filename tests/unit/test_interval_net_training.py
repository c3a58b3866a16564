"""IntervalNet from recipe to weights, from weights to the pipeline, and what the node says of an image."""

import dataclasses
import json
import math
from pathlib import Path

import numpy as np
import pytest
import torch
import yaml
from structlog.testing import capture_logs
from typer.testing import CliRunner

from dicom_node import logs
from dicom_node.cli import app
from models.card import Task, read_card
from models.data.labels import Split
from models.data.radiographs import decode_radiographs, labels_of
from models.evaluation.readings import read_with
from models.evaluation.run_subject import load_run
from models.export import portable
from models.interval_net.chain import Chain
from models.interval_net.measures import WIDENING, Told, bounds, fit_widening, inside
from models.interval_net.scale import AgeScale
from models.phantom.drawing import draw
from models.registry import load
from models.training.interval_net import IntervalTrainer
from models.training.interval_net_recipe import load_interval_recipe
from models.training.interval_net_run import load_split
from models.training.recipe import PhantomSet
from pipelines.build import build
from pipelines.contract import HandRadiograph, Reading, Sex
from pipelines.readers.interval_net import IntervalNetParameters, IntervalNetReader
from pipelines.readers.whole_hand import WholeHandReader
from tests.support.folder import write_folder

PHANTOMS = PhantomSet(train=16, select=6, calibrate=100, test=6)
TINY = {
    "name": "tiny", "task": "intervals", "architecture": "interval_net", "input_size": 32, "epochs": 2,
    "parameters": {"widths": [4, 8], "hidden": 8}, "intervals": {"count": 3}, "batch_size": 8,
    "phantoms": dataclasses.asdict(PHANTOMS), "chain": {"blur": False},
}  # fmt: skip


def _train(folder: Path, *options: str, **changes: object) -> tuple[Path, str]:
    """The run, and what the command said; keywords replace keys of the recipe."""
    path, run = folder / "tiny.yaml", folder / "run"
    path.write_text(json.dumps({**TINY, **changes}))
    result = CliRunner().invoke(app, ["train", str(path), "--output", str(run), "--device", "cpu", *options])
    assert result.exit_code == 0, result.output
    return run, result.output


def _rows(run: Path) -> list[dict[str, float]]:
    return [json.loads(line) for line in (run / "log.jsonl").read_text().splitlines()]


@pytest.fixture(scope="module")
def packaged(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of weights with a reader named tiny, made by the commands."""
    folder = tmp_path_factory.mktemp("packaged")
    run, _ = _train(folder)
    command = ["package", str(run), "--name", "tiny", "--version", "0.1", "--directory", str(folder / "weights")]
    result = CliRunner().invoke(app, command)
    assert result.exit_code == 0, result.output
    return folder / "weights"


def test_a_training_logs_both_accuracies_and_leaves_its_classes_in_the_recipe(tmp_path: Path) -> None:
    run, said = _train(tmp_path)
    assert "select weight of the right classes" in said
    last = _rows(run)[-1]
    assert {"train_loss", "train_accuracy", "select_loss", "select_accuracy", "select_mae"} <= set(last)
    assert 0 <= last["select_accuracy"] <= 1
    recipe = load_interval_recipe(run / "recipe.yaml")
    assert len(recipe.known_scale.centres_months) == 3
    assert recipe.chain == Chain(blur=False)


def test_a_training_that_stopped_ends_with_the_weights_of_one_that_did_not(tmp_path: Path) -> None:
    whole, parted = tmp_path / "whole", tmp_path / "parted"
    for folder in (whole, parted):
        folder.mkdir()
    _train(whole, epochs=3)
    _train(parted, "--max-minutes", "0", epochs=3)
    assert len(_rows(parted / "run")) == 1
    _train(parted, epochs=3)
    first, second = (torch.load(folder / "run" / "best.pt", weights_only=True) for folder in (whole, parted))
    assert all(torch.equal(first[key], second[key]) for key in first)


def test_a_training_ends_early_where_the_select_split_says_so_and_stays_ended(tmp_path: Path) -> None:
    still = {"learning_rate": 0.0, "epochs": 9, "patience": 2, "ema_decay": 0.0}
    run, _ = _train(tmp_path, **still, constant_rate=True)
    losses = [row["select_loss"] for row in _rows(run)]
    best = losses.index(min(losses))
    assert len(losses) == best + 3 < 9
    _train(tmp_path, **still, constant_rate=True)
    assert len(_rows(run)) == len(losses)


def test_the_rate_stays_where_the_recipe_says_so_and_falls_where_not(tmp_path: Path) -> None:
    document = {key: value for key, value in TINY.items() if key != "phantoms"}
    (tmp_path / "r.yaml").write_text(yaml.safe_dump({**document, "phantoms": {"train": 8, "select": 2}}))
    fitted = load_interval_recipe(tmp_path / "r.yaml").with_scale(AgeScale((0, 80, 160, 228), (40, 120, 190)))
    images = load_split(fitted, None, Split.TRAIN)
    for constant, least in ((True, fitted.learning_rate), (False, 0.0)):
        recipe = dataclasses.replace(fitted, constant_rate=constant)
        trainer = IntervalTrainer(recipe, images, images, tmp_path, "cpu")
        assert trainer.rate(1.0) == pytest.approx(least)


def test_keys_are_set_by_the_command_and_a_folder_of_another_recipe_is_left_as_it_is(tmp_path: Path) -> None:
    run, _ = _train(tmp_path, "--set", "intervals.count=2", "--set", "parameters.sex=false", epochs=1)
    before = (run / "recipe.yaml").read_text()
    assert load_interval_recipe(run / "recipe.yaml").intervals.count == 2
    arguments = ["train", str(tmp_path / "tiny.yaml"), "--output", str(run), "--device", "cpu"]
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 1
    assert "made by another recipe" in result.output
    assert (run / "recipe.yaml").read_text() == before


@pytest.mark.parametrize("network", ["custom", "efficientnet", "inception", "resnet"])
def test_the_paper_s_recipes_train_on_smaller_images(network: str, tmp_path: Path) -> None:
    recipe = Path(__file__).parents[2] / "config" / "training" / f"interval_net.{network}.paper.yaml"
    changes = {"input_size": 32, "epochs": 1, "batch_size": 4, "intervals.count": 2}
    options = [word for key, value in changes.items() for word in ("--set", f"{key}={value}")]
    options += ["--set", "phantoms={train: 4, select: 2}", "--device", "cpu", "--output", str(tmp_path / "run")]
    result = CliRunner().invoke(app, ["train", str(recipe), *options])
    assert result.exit_code == 0, result.output
    assert (tmp_path / "run" / "best.pt").is_file()


def test_set_is_refused_for_other_recipes_and_a_folder_is_asked_for(tmp_path: Path) -> None:
    config = Path(__file__).parents[2] / "config" / "training"
    for name, options, fault in (
        ("quality.slim", ["--set", "epochs=1"], "--set is for recipes of intervals"),
        ("interval_net.resnet.slim", [], "give their folder with --data"),
    ):
        command = ["train", str(config / f"{name}.yaml"), "--output", str(tmp_path / "run"), *options]
        result = CliRunner().invoke(app, command)
        assert result.exit_code == 1
        assert fault in result.output


def test_the_card_is_of_a_reader_with_its_chain_its_classes_and_its_figures(packaged: Path) -> None:
    card = read_card(packaged / "tiny.json")
    assert (card.task, card.chain, len(card.classes)) == (Task.BONE_AGE, Chain(blur=False), 3)
    assert len(card.parameters["edges_months"]) == 4
    assert {"select_mae_months", "test_mae_months", "test_accuracy", WIDENING} <= set(card.metrics)
    assert card.interval is not None


def test_weights_read_frames_that_passed_their_chain_and_no_others(packaged: Path, tmp_path: Path) -> None:
    model = load("tiny", directory=packaged)
    folder = write_folder(tmp_path, {9: 9, 19: 9})
    labels = labels_of(folder)
    months = read_with(model, decode_radiographs(folder, labels, model.card.chain))
    assert months.shape == (2,)
    with pytest.raises(ValueError, match="tiny reads frames behind a chain of its own"):
        read_with(model, decode_radiographs(folder, labels))


def test_weights_with_a_chain_of_their_own_are_not_exported(packaged: Path) -> None:
    with pytest.raises(ValueError, match="a chain of its own comes before its network"):
        portable(load("tiny", directory=packaged))


def test_a_run_is_measured_beside_weights_by_the_command(packaged: Path, tmp_path: Path) -> None:
    run, _ = _train(tmp_path, epochs=1)
    assert load_run(run).card.chain == Chain(blur=False)
    folder = write_folder(tmp_path / "data", {9: 9, 19: 9})
    renamed = run.with_name("other")
    run.rename(renamed)
    recipe = yaml.safe_load((renamed / "recipe.yaml").read_text())
    (renamed / "recipe.yaml").write_text(yaml.safe_dump({**recipe, "name": "other"}))
    command = ["evaluate", "tiny", str(renamed), "--data", str(folder), "--weights-directory", str(packaged)]
    result = CliRunner().invoke(app, command)
    assert result.exit_code == 0, result.output
    assert "tiny 0.1 and other run on fold 9" in result.output


def test_widened_intervals_hold_the_share_that_they_were_fitted_for_and_their_reading() -> None:
    scale = AgeScale((0, 60, 120, 180, 228), (40, 90, 150, 200))
    rng = np.random.default_rng(2)
    probabilities = rng.dirichlet(np.ones(4) * 0.5, 400)
    months = np.clip(scale.expected(probabilities) + rng.normal(0, 60, 400), 1, 228)
    told = Told(probabilities, months)
    widening = fit_widening(scale, told)
    assert inside(scale, told, widening).mean() >= 0.95
    assert inside(scale, told, widening - 1).mean() < inside(scale, told, widening).mean()
    low, high = bounds(scale, probabilities, -500)
    assert (low <= high).all()


def _pipeline(folder: Path, reader: str) -> Path:
    path = folder / "made.yaml"
    path.write_text(f"name: made\nstages: [checks]\nreaders:\n  - {reader}\nprimary: tiny\n")
    return path


def test_the_node_reads_with_it_logs_the_probabilities_and_gives_each_image_its_own_interval(
    packaged: Path, tmp_path: Path
) -> None:
    pipeline = build(_pipeline(tmp_path, "interval_net: {weights: tiny}"), weights_directory=packaged)
    hand = draw(120, "M", seed=4, height=300, width=260).pixels
    with capture_logs() as events:
        (reading,) = pipeline.read([HandRadiograph(hand, sex=Sex.MALE)])
    assert isinstance(reading, Reading)
    (event,) = [each for each in events if each["event"] == "age_classes"]
    assert math.isclose(sum(event["probabilities"]), 1, abs_tol=1e-3)
    card = read_card(packaged / "tiny.json")
    expected = np.dot(event["probabilities"], card.parameters["centres_months"])
    assert reading.bone_age_months == pytest.approx(expected, abs=0.2)
    assert reading.interval_months is not None
    low, high = reading.interval_months
    assert low <= reading.bone_age_months <= high
    assert reading.heatmap_months.shape == hand.shape
    kept = logs.allow_listed(None, "info", dict(event))
    assert "dropped" not in {key for key in kept if key != "log_level"} or kept["dropped"] == "log_level"


def test_the_interval_may_be_the_card_s_and_the_fingerprint_tells(packaged: Path, tmp_path: Path) -> None:
    readers = ("interval_net: {weights: tiny}", "interval_net: {weights: tiny, interval: card}")
    built = [build(_pipeline(tmp_path, reader), weights_directory=packaged) for reader in readers]
    assert built[0].fingerprint != built[1].fingerprint
    hand = HandRadiograph(draw(120, "M", seed=4, height=300, width=260).pixels, sex=Sex.MALE)
    (reading,) = built[1].read([hand])
    assert isinstance(reading, Reading)
    card = read_card(packaged / "tiny.json")
    assert reading.bone_age_months is not None
    assert reading.interval_months == pytest.approx(card.reading_interval().around(reading.bone_age_months))


def test_weights_are_read_by_their_own_reader_alone(packaged: Path, tmp_path: Path) -> None:
    model = load("tiny", directory=packaged)
    with pytest.raises(ValueError, match="read with them as interval_net"):
        WholeHandReader(model, WholeHandReader.Parameters())
    with pytest.raises(ValueError, match="read with them as whole_hand"):
        IntervalNetReader(load("phantom_whole_hand"), IntervalNetParameters())
    with pytest.raises(ValueError, match="interval"):
        build(_pipeline(tmp_path, "interval_net: {weights: tiny, interval: wide}"), weights_directory=packaged)
