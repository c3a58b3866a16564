"""DIIBAA from recipe to weights, and what the node reads with them."""

import dataclasses
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import yaml
from structlog.testing import capture_logs
from typer.testing import CliRunner

from dicom_node.cli import app
from models.card import Task, read_card
from models.data.labels import Split
from models.data.phantoms import draw_phantoms
from models.diibaa.frames import StagedFrames
from models.evaluation.readings import read_with
from models.evaluation.run_subject import load_run
from models.networks import build_network
from models.phantom.drawing import draw
from models.training.diibaa_parts import TRAINERS, focal_loss, stage_weights
from models.training.diibaa_recipe import PARTS, SYSTEM, load_diibaa_recipe
from models.training.tasks import task_of
from pipelines.build import build
from pipelines.contract import HandRadiograph, Reading, Sex
from tests.support.folder import write_folder

CONFIG = Path(__file__).parents[2] / "config" / "training"
EPOCH: dict[str, Any] = {"epochs": 1}
TINY: dict[str, Any] = {
    "name": "tiny", "task": "diibaa", "input_size": 32, "batch_size": 8, "ema_decay": 0.5,
    "phantoms": {"train": 24, "select": 12, "calibrate": 24, "test": 8},
    "parameters": {"backbone": "densenet49", "width": 0.0625, "sex": True},
    "autoencoders": {"epochs": 1, "parameters": {"widths": [4, 4, 2]}},
    **dict.fromkeys(["scoring", "classifier", "regressors", "baseline", "unstaged"], EPOCH),
    "focal": {"epochs": 1, "focal_gamma": 2.0},
}  # fmt: skip
PIPELINE = {
    "name": "staged", "stages": ["checks"], "readers": [{"diibaa": {"weights": "made"}}], "primary": "made"
}  # fmt: skip


@pytest.mark.parametrize("path", sorted(CONFIG.glob("diibaa.*.yaml")), ids=lambda path: path.stem)
def test_every_recipe_is_read(path: Path) -> None:
    recipe = load_diibaa_recipe(path)
    assert (task_of(path), recipe.name) == (Task.DIIBAA, path.stem)
    assert (recipe.classifier.mixup, recipe.baseline.mixup, recipe.focal.focal_gamma) == (True, False, 2.0)
    assert (recipe.whole.counts is None) == (".all." in path.name or path.stem == "diibaa.slim")
    assert {"female": "F", "male": "M"}.get(path.stem.split(".")[1]) == recipe.whole.sex


def test_the_slim_system_is_of_at_most_a_million_and_a_half_parameters_and_knows_the_sex() -> None:
    for name in ("diibaa.slim", "diibaa.rare.slim"):
        recipe = load_diibaa_recipe(CONFIG / f"{name}.yaml")
        network = build_network(recipe.architecture, recipe.network_parameters)
        assert sum(p.numel() for p in network.parameters()) <= 1_500_000
        assert all(recipe.part(part).parameters["sex"] for part in PARTS if part != "autoencoders")


def test_the_paper_s_system_is_as_published() -> None:
    recipe = load_diibaa_recipe(CONFIG / "diibaa.female.paper.yaml")
    assert recipe.input_size == 224
    assert recipe.autoencoders.network_parameters == {}
    assert {recipe.part(name).parameters.get("backbone") for name in SYSTEM[1:]} == {"densenet169"}
    assert (recipe.autoencoders.others_share, recipe.autoencoders.snr_db) == (0.05, (6.989, 10.0))


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"colour": 1}, "unknown key 'colour' of the recipe"),
        ({"scoring": {"epochs": 1, "mixup": True}}, "unknown key 'mixup' of scoring; allowed: .*epochs"),
        ({"classifier": {"epochs": 1, "mixup": False}}, "unknown key 'mixup' of classifier"),
        ({"focal": {"epochs": 1, "seed": 3}}, "unknown key 'seed' of focal"),
        ({"sex": "O"}, "sex is F, M or null, not O"),
        ({"counts": {"F": [1, 2, 3]}}, "counts are three numbers"),
        ({"stages": {"F": {"S1": [0, 1]}}}, "stages of F are S1, S2 and S3"),
        ({"task": "quality"}, "task is diibaa in such a recipe, not quality"),
        ({"name": None, "unstaged": {}}, "epochs"),
    ],
)
def test_a_key_that_makes_no_sense_is_named_with_its_file(change: dict[str, Any], fault: str, tmp_path: Path) -> None:
    path = tmp_path / "wrong.yaml"
    path.write_text(yaml.safe_dump({**TINY, **change}))
    with pytest.raises(ValueError, match=rf"wrong\.yaml: .*{fault}"):
        load_diibaa_recipe(path)


def test_a_part_that_is_missing_is_named(tmp_path: Path) -> None:
    path = tmp_path / "wrong.yaml"
    path.write_text(yaml.safe_dump({key: value for key, value in TINY.items() if key != "focal"}))
    with pytest.raises(ValueError, match=r"wrong\.yaml: the key 'focal' is missing"):
        load_diibaa_recipe(path)


def test_stages_weigh_as_their_images_or_alike() -> None:
    stages = torch.tensor([1] * 6 + [0] * 3 + [2])
    assert stage_weights(stages, 0.0).tolist() == [1.0] * 10
    weights = stage_weights(stages, 1.0)
    sums = [weights[stages == stage].sum().item() for stage in range(3)]
    assert sums == pytest.approx([10 / 3] * 3)


def test_the_focal_loss_is_cross_entropy_at_gamma_0_and_forgives_what_is_sure_above() -> None:
    logits, stages = torch.tensor([[4.0, 0, 0], [0.0, 0, 0]]), torch.tensor([0, 1])
    assert focal_loss(logits, stages, 0) == pytest.approx(torch.nn.functional.cross_entropy(logits, stages).item())
    sure, unsure = (focal_loss(logits[n : n + 1], stages[n : n + 1], 2.0).item() for n in (0, 1))
    assert unsure == pytest.approx((2 / 3) ** 2 * np.log(3), rel=1e-4)
    assert sure < 1e-3 * unsure


@pytest.mark.parametrize("name", SYSTEM[:3])
def test_each_network_of_the_paper_s_size_learns_from_a_batch(name: str, tmp_path: Path) -> None:
    recipe = load_diibaa_recipe(CONFIG / "diibaa.female.paper.yaml")
    part = dataclasses.replace(recipe.part(name), input_size=32, batch_size=3)
    frames = torch.randint(0, 255, (6, 32, 32), dtype=torch.uint8)
    stages = np.array([0, 0, 1, 1, 2, 2])
    images = StagedFrames(frames, stages, np.zeros(6, np.float32), np.array([20, 30, 80, 90, 180, 190], np.float32))
    more = {"autoencoders": build_network("stage_autoencoders", {})} if name == "scoring" else {}
    trainer = TRAINERS[type(part)](part, images, images, tmp_path, "cpu", **more)
    trainer.loss(next(iter(trainer.batches)), torch.Generator().manual_seed(1)).backward()
    assert any(p.grad is not None and bool(p.grad.abs().sum() > 0) for p in trainer.network.parameters())


def _command(*arguments: object) -> str:
    result = CliRunner().invoke(app, [str(each) for each in arguments])
    assert result.exit_code == 0, result.output
    return result.output


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("diibaa")
    (folder / "tiny.yaml").write_text(yaml.safe_dump(TINY))
    _command("train", folder / "tiny.yaml", "--output", folder / "run", "--device", "cpu")
    return folder


def test_all_parts_are_trained_and_the_system_is_what_its_parts_are(trained: Path) -> None:
    assert all((trained / "run" / part / "best.pt").is_file() for part in PARTS)
    whole = torch.load(trained / "run" / "best.pt", weights_only=True)
    scoring = torch.load(trained / "run" / "scoring" / "best.pt", weights_only=True)
    assert all(torch.equal(whole[f"scoring.{key}"], value) for key, value in scoring.items())
    assert all(5 <= percent <= 50 for percent in whole["th_score_percent"].tolist())
    facts = json.loads((trained / "run" / "facts.json").read_text())
    assert (facts["train_images"], facts["select_images"]) == (24, 12)


def test_a_training_that_stops_in_each_part_ends_as_one_that_never_stopped(trained: Path) -> None:
    run = trained / "stopped"
    parts = [
        _command("train", trained / "tiny.yaml", "--output", run, "--device", "cpu", "--max-minutes", 0)
        for _ in range(2)
    ]
    assert ["the time is over in autoencoders" in parts[0], "the time is over in scoring" in parts[1]] == [True, True]
    _command("train", trained / "tiny.yaml", "--output", run, "--device", "cpu")
    for name in ("best.pt", "focal/best.pt", "unstaged/best.pt"):
        one, other = (torch.load(trained / each / name, weights_only=True) for each in ("run", "stopped"))
        assert all(torch.equal(one[key], other[key]) for key in one)


def test_the_node_reads_with_packaged_weights_and_tells_the_stage(trained: Path) -> None:
    weights = trained / "weights"
    _command("package", trained / "run", "--name", "made", "--version", "0.1", "--directory", weights)
    card = read_card(weights / "made.json")
    assert (card.task, card.architecture, card.classes) == (Task.BONE_AGE, "diibaa", ("S1", "S2", "S3"))
    assert card.interval is not None
    (trained / "staged.yaml").write_text(yaml.safe_dump(PIPELINE))
    pipeline = build(trained / "staged.yaml", weights_directory=weights, device="cpu")
    pixels = draw(120, "F", seed=3, height=400, width=320).pixels
    with capture_logs() as logged:
        readings = pipeline.read([HandRadiograph(pixels, sex=sex) for sex in Sex])
    told = [entry["code"] for entry in logged if entry["event"] == "age_stage"]
    assert told == [reading.readings[0].stage.name for reading in readings]  # type: ignore[union-attr]
    for reading in readings:
        assert isinstance(reading, Reading)
        stage = reading.readings[0].stage
        assert stage is not None
        assert stage.name in card.classes
        assert sum(stage.probabilities) == pytest.approx(1, abs=1e-3)
        assert len(stage.scores) == 3
        assert reading.heatmap_months.shape == pixels.shape


def test_the_page_is_written_by_the_command_with_what_there_is(trained: Path) -> None:
    folder = write_folder(trained / "data", {1: 0, 2: 3, 8: 8, 19: 9, 29: 9, 39: 9})
    document = yaml.safe_load((CONFIG.parent / "evaluation" / "diibaa.yaml").read_text())
    document["systems"] = {"tiny": {"F": "run", "M": "run"}, "none": {"F": "nothing", "M": "nothing"}}
    (trained / "tiny-page.yaml").write_text(yaml.safe_dump(document))
    page = trained / "page.md"
    options = ["--runs", trained, "--data", folder, "--output", page, "--fold", "9"]
    _command("evaluate-stages", trained / "tiny-page.yaml", *options)
    text = page.read_text()
    assert "3 images of fold 9" in text
    assert "Trained on images of S1, S2 and S3: girls 0, 2, 0; boys 0, 0, 0." in text
    assert "Not trained: `dicom-node train config/training/nothing.yaml --data DIR`" in text
    assert text.count("### th_score: ") == 1
    assert "| paper: stage | baseline | branch 1 | branch 2 | DIIBAA | focal loss |" in text
    assert "| S1 | 0.00 % | 50.00 % | 41.67 % | 66.67 % | 46.15 % |" in text


def test_a_run_is_measured_as_any_reader_is(trained: Path) -> None:
    model = load_run(trained / "run")
    assert model.card.classes == ("S1", "S2", "S3")
    months = read_with(model, draw_phantoms(Split.TEST, 2))
    assert months.shape == (2,)
    assert np.isfinite(months).all()


def test_nothing_is_read_where_nothing_was_trained(tmp_path: Path) -> None:
    page, document = tmp_path / "page.md", CONFIG.parent / "evaluation" / "diibaa.yaml"
    _command("evaluate-stages", document, "--runs", tmp_path, "--data", tmp_path, "--output", page)
    assert "No image of fold 9: nothing is trained" in page.read_text()


def test_weights_without_stages_are_refused(trained: Path) -> None:
    path = trained / "other.yaml"
    path.write_text(yaml.safe_dump(json.loads(json.dumps(PIPELINE).replace("made", "phantom_whole_hand"))))
    with pytest.raises(
        ValueError, match="phantom_whole_hand: these weights tell no stages; read with them as whole_hand"
    ):
        build(path, device="cpu")


def test_a_system_of_one_sex_becomes_no_reader(trained: Path) -> None:
    recipe = yaml.safe_dump({**TINY, "sex": "F"})
    (trained / "one").mkdir(exist_ok=True)
    (trained / "one" / "recipe.yaml").write_text(recipe)
    result = CliRunner().invoke(
        app, ["package", str(trained / "one"), "--name", "one", "--version", "1", "--directory", str(trained / "no")]
    )
    assert result.exit_code == 1
    assert "trained on F alone; a reader is of both sexes" in result.output
