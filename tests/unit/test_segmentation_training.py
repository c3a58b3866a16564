"""A segmenter from recipe to card: its recipe, a training that stops and goes on, a package, a measurement."""

import dataclasses
import io
import json
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from typer.testing import CliRunner

from dicom_node.cli import app
from models.card import Task, read_card
from models.data.annotations import KEY_POINTS
from models.data.augment import Augmentation
from models.data.labels import Split
from models.evaluation.mask_sheet import CELL_PX, COLUMNS
from models.networks import build_network
from models.phantom.drawing import draw
from models.segmentation.masked import draw_masked_phantoms, load_pseudo_masked
from models.training.recipe import PhantomSet
from models.training.segmentation import SegmentationTrainer
from models.training.segmentation_recipe import SegmentationRecipe, load_segmentation_recipe
from models.training.segmentation_run import load_masked_sets
from models.training.tasks import task_of
from tests.support.masked import key_points_of

CONFIG = Path(__file__).parents[2] / "config" / "training"
RECIPES = sorted(CONFIG.glob("hand_mask.*.yaml"))
TINY = SegmentationRecipe(
    name="tiny", architecture="unet", parameters={"widths": [4, 8, 16]}, input_size=48, epochs=3, pasted=4,
    batch_size=2, ema_decay=0.5, bfloat16=False,
)  # fmt: skip


def test_the_slim_segmenter_stays_below_half_a_million_parameters() -> None:
    recipe = load_segmentation_recipe(CONFIG / "hand_mask.slim.yaml")
    network = build_network(recipe.architecture, recipe.network_parameters)
    assert sum(p.numel() for p in network.parameters()) < 500_000


@pytest.mark.parametrize("path", RECIPES, ids=lambda path: path.name)
def test_every_recipe_of_a_segmenter_makes_a_step(path: Path, tmp_path: Path) -> None:
    assert task_of(path) is Task.SEGMENTATION
    recipe = load_segmentation_recipe(path)
    widths = [width // 8 for width in recipe.parameters["widths"]]
    small = dataclasses.replace(
        recipe, input_size=64, epochs=1, batch_size=2, parameters={**recipe.parameters, "widths": widths}
    )
    drawn = draw_masked_phantoms(Split.TRAIN, 2)
    trainer = SegmentationTrainer(small, drawn, drawn, tmp_path, "cpu")
    before = trainer.network.state_dict()["answer.weight"].clone()
    trainer.run()
    assert not torch.equal(before, trainer.network.state_dict()["answer.weight"])


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ("learning_rat: 1", "unknown key 'learning_rat' of SegmentationRecipe; allowed: .*learning_rate"),
        ("optimiser: adam", "'adam' is not a valid Optimiser"),
        ("task: detection", "task is segmentation in such a recipe, not detection"),
        ("augmentation: {turn: 3}", "unknown key 'turn' of Augmentation"),
    ],
)
def test_a_key_that_makes_no_sense_is_named_with_its_file(line: str, fault: str, tmp_path: Path) -> None:
    path = tmp_path / "wrong.yaml"
    path.write_text(f"base: {CONFIG / 'hand_mask.slim.yaml'}\n{line}\n")
    with pytest.raises(ValueError, match=rf"wrong\.yaml: {fault}"):
        load_segmentation_recipe(path)


def test_an_unknown_task_is_named_with_its_file(tmp_path: Path) -> None:
    path = tmp_path / "wrong.yaml"
    path.write_text("task: sorting\n")
    with pytest.raises(ValueError, match=r"wrong\.yaml: unknown task 'sorting'; bone ages, .*segmentation, or no key"):
        task_of(path)


def test_a_training_on_phantoms_lowers_its_loss_and_finds_hands(tmp_path: Path) -> None:
    still = Augmentation(0, 0, 0, 0, flip=False, log_gamma=0, contrast=0, noise=0)
    recipe = dataclasses.replace(TINY, epochs=25, augmentation=still, learning_rate=2e-2)
    sets = draw_masked_phantoms(Split.TRAIN, 6), draw_masked_phantoms(Split.SELECT, 2)
    trainer = SegmentationTrainer(recipe, *sets, tmp_path, "cpu")
    trainer.run()
    log = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    assert log[-1]["train_loss"] < 0.5 * log[0]["train_loss"]
    assert trainer.best_score > 0.85


def test_a_training_that_was_stopped_ends_with_the_same_weights(tmp_path: Path) -> None:
    sets = draw_masked_phantoms(Split.TRAIN, 5), draw_masked_phantoms(Split.SELECT, 1)
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
    straight = SegmentationTrainer(TINY, *sets, tmp_path / "a", "cpu")
    straight.run()
    stopped = SegmentationTrainer(TINY, *sets, tmp_path / "b", "cpu")
    stopped.run(stop_at=0.0)
    assert stopped.epochs_done == 1
    resumed = SegmentationTrainer(TINY, *sets, tmp_path / "b", "cpu")
    resumed.run()
    assert resumed.epochs_done == 3
    for name, value in straight.network.state_dict().items():
        assert torch.equal(value, resumed.network.state_dict()[name]), name


def test_a_segmenter_is_trained_and_packaged_by_the_commands(tmp_path: Path) -> None:
    recipe = tmp_path / "tiny.yaml"
    document = {**dataclasses.asdict(TINY), "augmentation": {}, "phantoms": dataclasses.asdict(PhantomSet(4, 2, 2, 2))}
    recipe.write_text(json.dumps({**document, "epochs": 1}))  # JSON is YAML
    run, weights = str(tmp_path / "run"), tmp_path / "weights"
    assert "select Dice" in _said("train", str(recipe), "--output", run, "--device", "cpu")
    _said("package", run, "--name", "outliner", "--version", "0.1", "--directory", str(weights))
    card = read_card(weights / "outliner.json")
    assert (card.task, card.interval, card.classes) == (Task.SEGMENTATION, None, ("hand",))
    assert (card.metrics["select_masks"], card.metrics["test_masks"]) == (2, 2)
    assert "* outliner@shipped  0.1" in _said("models", "list", "--weights-directory", str(weights))
    refused = CliRunner().invoke(app, ["train", str(recipe), "--output", run, "--images", "3"])
    assert (refused.exit_code, "--images and --tensorboard are for readers" in refused.output) == (1, True)


def test_a_segmenter_learns_from_a_folder_without_the_held_out_hands(tmp_path: Path) -> None:
    folder = _folder(tmp_path, folds={1: 0, 2: 0, 4: 8, 9: 9})
    train, select = load_pseudo_masked(folder, [Split.TRAIN, Split.SELECT], cache=tmp_path / "cache")
    assert (train.ids, select.ids) == ((1,), (4,))  # the true mask of 2 is held out
    everything, chosen = load_masked_sets(TINY, folder, cache=tmp_path / "cache")
    assert (len(everything), len(chosen)) == (5, 1)
    assert everything.ids == (1, 0, 1, 0, 1)  # one with key points, then the two hands in turn
    with pytest.raises(ValueError, match="give their folder with --data"):
        load_masked_sets(TINY, None)


def test_a_segmenter_is_measured_on_a_fold(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    folder = _folder(tmp_path, folds={1: 0, 2: 0, 4: 8, 9: 9})
    recipe, run, weights = tmp_path / "tiny.yaml", str(tmp_path / "run"), str(tmp_path / "weights")
    document = {**dataclasses.asdict(TINY), "augmentation": {}, "epochs": 1}
    recipe.write_text(json.dumps(document))
    _said("train", str(recipe), "--data", str(folder), "--output", run, "--device", "cpu")
    _said("package", run, "--name", "outliner", "--version", "1", "--data", str(folder), "--directory", weights)
    card = read_card(Path(weights) / "outliner.json")
    assert (card.metrics["select_masks"], card.metrics["held_out_masks"], card.metrics["test_images"]) == (1, 16, 1)
    options = ["--data", str(folder), "--weights-directory", weights, "--output", str(tmp_path)]
    seen = _said("evaluate", "outliner", *options, "--fold", "8", "--contact-sheet")
    assert "True masks" not in seen
    assert "kept where the rule finds them good: 1 of 1" in seen
    assert "1 hands that were never trained on, each on 16 made-up backgrounds" in _said(
        "evaluate", "outliner", *options
    )
    assert (tmp_path / "outliner-fold8.md").read_text() == seen.removesuffix("\n")
    with Image.open(tmp_path / "outliner-fold8-contact-sheet.png") as sheet:
        assert sheet.width == COLUMNS * CELL_PX
    refused = CliRunner().invoke(app, ["evaluate", "outliner", *options, "--robustness"])
    assert (refused.exit_code, "outliner: a segmenter is measured with --fold" in refused.output) == (1, True)


def _said(*command: str) -> str:
    result = CliRunner().invoke(app, list(command), catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


def _folder(tmp_path: Path, *, folds: dict[int, int]) -> Path:
    """A data folder of one phantom under several ids, with key points, and cut out under the ids 0, 1 and 2: the third
    is held out of the true masks."""
    phantom = draw(120, "F", seed=1, marker=False)
    flat = (0.25 + 0.4 * phantom.hand_mask) * 255
    _write_radiographs(tmp_path / "rsna299", flat.astype(np.uint8), folds)
    hand = key_points_of(phantom)
    left, top, _, _ = hand.hand.corners
    cells = [f"{left},{top},{hand.hand.width},{hand.hand.height}"]
    cells += [f"{hand.points[name].x},{hand.points[name].y},2" for name in KEY_POINTS]
    header = ["id,hand_x,hand_y,hand_w,hand_h", *(f"{name}_x,{name}_y,{name}_v" for name in KEY_POINTS)]
    lines = [",".join(header), *(",".join([str(id), *cells]) for id in folds)]
    (tmp_path / "rsna299" / "hand_keypoints.csv").write_text("\n".join(lines) + "\n")
    (tmp_path / "segmented").mkdir()
    cut_out = np.where(phantom.hand_mask, flat, 0).astype(np.uint8)
    for id in (0, 1, 2):
        Image.fromarray(cut_out).save(tmp_path / "segmented" / f"{id}.avif", quality=90)
    return tmp_path


def _write_radiographs(folder: Path, pixels: np.ndarray, folds: dict[int, int]) -> None:
    folder.mkdir()
    rows = [f"{id},100,F,{fold}" for id, fold in folds.items()]
    (folder / "labels.csv").write_text("\n".join(["id,bone_age_months,sex,fold", *rows]) + "\n")
    with zipfile.ZipFile(folder / "images-1of1.zip", "w") as archive:
        for id in folds:
            blob = io.BytesIO()
            Image.fromarray(pixels).save(blob, "PNG")
            archive.writestr(f"{id}.png", blob.getvalue())
