"""A detector from recipe to card: its recipe, a training that stops and goes on, a package that finds hands."""

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
from models import registry
from models.card import Card, Interval, Task, read_card, write_card
from models.data.annotations import KEY_POINTS
from models.data.augment import Augmentation
from models.data.labels import Split
from models.detection.finding import find
from models.detection.hand import find_hands
from models.detection.marked import Marks, load_marked
from models.detection.measures import measure
from models.detection.phantoms import draw_marked_phantoms
from models.training.detection import DetectionTrainer
from models.training.detection_recipe import DetectionRecipe, load_detection_recipe
from models.training.recipe import PhantomSet
from models.training.tasks import task_of
from tests.support.marked import marked_discs, upright_hand
from tests.support.readers import CARD

CONFIG = Path(__file__).parents[2] / "config" / "training"
SMALL = {"widths": [8, 16, 16], "depths": [1, 1, 1], "pyramid": 8, "anchors": [[40], [56]], "ratios": [1.3], 
         "hidden": 32, "proposals": 8, "fine_until": 64}  # fmt: skip
TINY = DetectionRecipe(
    name="tiny", marks=Marks.HAND, architecture="faster_rcnn", parameters=SMALL, input_size=64, epochs=3,
    batch_size=4, ema_decay=0.5, measure_every=2,
)  # fmt: skip


def test_the_shipped_recipe_is_one_of_a_detector_and_readers_recipes_are_not() -> None:
    recipe = load_detection_recipe(CONFIG / "hand_detector.slim.yaml")
    assert recipe.network_parameters["classes"] == 1
    assert task_of(CONFIG / "hand_detector.slim.yaml") is Task.DETECTION
    assert task_of(CONFIG / "whole_hand.slim.yaml") is Task.BONE_AGE


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ("learning_rat: 1", "unknown key 'learning_rat' of DetectionRecipe; allowed: .*learning_rate"),
        ("marks: foot", "'foot' is not a valid Marks"),
        ("task: reading", "task is detection in such a recipe, not reading"),
        ("augmentation: {turn: 3}", "unknown key 'turn' of Augmentation"),
    ],
)
def test_a_key_that_makes_no_sense_is_named_with_its_file(line: str, fault: str, tmp_path: Path) -> None:
    path = tmp_path / "wrong.yaml"
    path.write_text(f"base: {CONFIG / 'hand_detector.slim.yaml'}\n{line}\n")
    with pytest.raises(ValueError, match=rf"wrong\.yaml: {fault}"):
        load_detection_recipe(path)


def test_a_training_on_phantoms_lowers_its_loss(tmp_path: Path) -> None:
    still = Augmentation(0, 0, 0, 0, flip=False, log_gamma=0, contrast=0, noise=0)
    recipe = dataclasses.replace(TINY, epochs=12, batch_size=3, augmentation=still, learning_rate=5e-3)
    train_set = draw_marked_phantoms(Split.TRAIN, 6)
    DetectionTrainer(recipe, train_set, draw_marked_phantoms(Split.SELECT, 2), tmp_path, "cpu").run()
    log = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    assert log[-1]["train_loss"] < 0.6 * log[0]["train_loss"]
    assert log[-1]["select_mean_iou"] > 0.6


def test_a_training_that_was_stopped_ends_with_the_same_weights(tmp_path: Path) -> None:
    sets = marked_discs(10), marked_discs(3, fold=8, seed=1)
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
    straight = DetectionTrainer(TINY, *sets, tmp_path / "a", "cpu")
    straight.run()
    stopped = DetectionTrainer(TINY, *sets, tmp_path / "b", "cpu")
    stopped.run(stop_at=0.0)
    assert stopped.epochs_done == 1
    assert stopped.weights_path.exists()
    resumed = DetectionTrainer(TINY, *sets, tmp_path / "b", "cpu")
    resumed.run()
    assert resumed.epochs_done == 3
    for name, value in straight.network.state_dict().items():
        assert torch.equal(value, resumed.network.state_dict()[name]), name


def test_a_run_folder_of_another_recipe_is_not_gone_on_with(tmp_path: Path) -> None:
    sets = marked_discs(4), marked_discs(2, fold=8)
    DetectionTrainer(TINY, *sets, tmp_path, "cpu").run(stop_at=0.0)
    other = dataclasses.replace(TINY, seed=9)
    with pytest.raises(ValueError, match="made by another recipe"):
        DetectionTrainer(other, *sets, tmp_path, "cpu").run()


def test_a_detector_is_trained_packaged_and_listed_by_the_commands(tmp_path: Path) -> None:
    recipe = tmp_path / "tiny.yaml"
    document = {**dataclasses.asdict(TINY), "augmentation": {}, "phantoms": dataclasses.asdict(PhantomSet(4, 2, 2, 2))}
    recipe.write_text(json.dumps({**document, "epochs": 1}))  # JSON is YAML
    run, weights = str(tmp_path / "run"), tmp_path / "weights"
    assert _said("train", str(recipe), "--output", run, "--device", "cpu")
    assert _said("package", run, "--name", "finder", "--version", "0.1", "--directory", str(weights)) is not None
    card = read_card(weights / "finder.json")
    assert (card.task, card.interval, card.classes) == (Task.DETECTION, None, ("hand",))
    assert (card.metrics["select_images"], card.metrics["test_images"]) == (2, 2)
    assert card.training["train_images"] == 4
    assert "* finder@shipped  0.1" in _said("models", "list", "--weights-directory", str(weights))
    assert '"task": "detection"' in _said("models", "show", "finder", "--weights-directory", str(weights))
    assert "ok finder@shipped" in _said("models", "verify", "--weights-directory", str(weights))
    refused = CliRunner().invoke(
        app, ["models", "export", "finder", "--output", str(tmp_path), "--weights-directory", str(weights)]
    )
    assert refused.exit_code == 1
    assert "finder: these weights are for detection, not for bone age; choose others" in refused.output


def _said(*command: str) -> str:
    result = CliRunner().invoke(app, list(command), catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


def test_cards_of_both_kinds_read_back(tmp_path: Path) -> None:
    reader = dataclasses.replace(CARD, interval=Interval(0.95, "none", (60.0,), (10.0, 20.0)))
    detector = dataclasses.replace(CARD, task=Task.DETECTION, interval=None, classes=("hand", "wrist"))
    for card in (reader, detector):
        write_card(card, tmp_path / "card.json")
        assert read_card(tmp_path / "card.json") == card


@pytest.mark.parametrize("change", [{"interval": None}, {"task": "detection"}, {"task": "sorting"}])
def test_a_card_whose_task_and_interval_do_not_agree_is_refused(change: dict[str, object], tmp_path: Path) -> None:
    write_card(CARD, tmp_path / "card.json")
    document = json.loads((tmp_path / "card.json").read_text())
    (tmp_path / "card.json").write_text(json.dumps({**document, **change}))
    with pytest.raises(ValueError, match=r"card\.json: not a model card"):
        read_card(tmp_path / "card.json")


def test_a_reader_has_its_interval_and_a_detector_is_refused_as_one() -> None:
    assert CARD.reading_interval() == CARD.interval
    detector: Card = dataclasses.replace(CARD, task=Task.DETECTION, interval=None)
    with pytest.raises(ValueError, match="known: these weights are for detection, not for bone age"):
        detector.reading_interval()


def test_marked_radiographs_are_those_of_a_folder_that_have_key_points(tmp_path: Path) -> None:
    folder = _folder(tmp_path, folds={1: 0, 2: 0, 3: 8, 4: 8}, marked=[1, 4])
    train, select = load_marked(folder, Marks.HAND, [Split.TRAIN, Split.SELECT], cache=tmp_path / "cache")
    assert [[label.id for label in each.radiographs.labels] for each in (train, select)] == [[1], [4]]
    assert train.radiographs.frames.shape == (1, 299, 299)
    assert train.truth()[0].boxes[0] == pytest.approx(upright_hand().hand.corners, abs=1e-5)


def test_a_folder_without_marks_is_refused_with_where_they_belong(tmp_path: Path) -> None:
    folder = _folder(tmp_path, folds={1: 0}, marked=[])
    with pytest.raises(ValueError, match=r"no radiograph has marks of the hand; see rsna299/hand_keypoints\.csv"):
        load_marked(folder, Marks.HAND, [Split.TRAIN], cache=tmp_path / "cache")


def _folder(tmp_path: Path, *, folds: dict[int, int], marked: list[int]) -> Path:
    """A data folder of made-up frames, some of them marked as `upright_hand` is."""
    (tmp_path / "rsna299").mkdir()
    rows = [f"{id},100,F,{fold}" for id, fold in folds.items()]
    (tmp_path / "rsna299" / "labels.csv").write_text("\n".join(["id,bone_age_months,sex,fold", *rows]) + "\n")
    with zipfile.ZipFile(tmp_path / "rsna299" / "images-1of1.zip", "w") as archive:
        for id in folds:
            blob = io.BytesIO()
            noise = np.random.default_rng(id).integers(0, 255, (299, 299), np.uint8)
            Image.fromarray(noise).save(blob, "PNG")
            archive.writestr(f"{id}.png", blob.getvalue())
    hand = upright_hand()
    left, top, _, _ = hand.hand.corners
    cells = [f"{left},{top},{hand.hand.width},{hand.hand.height}"]
    cells += [f"{hand.points[name].x},{hand.points[name].y},2" for name in KEY_POINTS]
    header = ["id,hand_x,hand_y,hand_w,hand_h", *(f"{name}_x,{name}_y,{name}_v" for name in KEY_POINTS)]
    lines = [",".join(header), *(",".join([str(id), *cells]) for id in marked)]
    (tmp_path / "rsna299" / "hand_keypoints.csv").write_text("\n".join(lines) + "\n")
    return tmp_path


def test_the_shipped_detector_finds_the_hands_of_phantoms() -> None:
    model, marked = registry.load("hand_detector"), draw_marked_phantoms(Split.TEST, 4)
    found = find(model.network, marked.radiographs.frames, model.card.input_size)
    assert measure(found, marked.truth(), model.card.classes).mean_iou > 0.8
    for box, truth in zip(find_hands(marked.radiographs.frames, model), marked.truth(), strict=True):
        left, top, right, bottom = truth.boxes[0]
        assert box.left < left + 0.02
        assert box.top < top + 0.02
        assert box.right > right - 0.02
        assert box.bottom > bottom - 0.02


@pytest.mark.data
def test_the_shipped_detector_finds_the_hands_of_its_select_split(data_directory: Path) -> None:
    model = registry.load("hand_detector")
    (marked,) = load_marked(data_directory, Marks.HAND, [Split.SELECT])
    found = find(model.network, marked.radiographs.frames, model.card.input_size)
    figures = measure(found, marked.truth(), model.card.classes)
    assert figures.mean_iou == pytest.approx(model.card.metrics["select_mean_iou"], abs=0.01)
