"""Marks of bones and joints, folds kept out of a training, and detectors measured by kind, by name and by age."""

import io
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from dicom_node.cli import app
from models import registry
from models.card import Task
from models.data.augment import Augmentation
from models.data.labels import Split
from models.detection.bones import find_bones
from models.detection.boxes import Boxes
from models.detection.finding import find
from models.detection.marked import Marks, load_all_marked, load_marked
from models.detection.measures import best_threshold, f1_score, measure, sure
from models.evaluation.detection_run import evaluate_detectors, is_detector, load_detector
from models.evaluation.joints import joints_markdown, main, out_of_fold
from models.training.detection import DetectionTrainer
from models.training.detection_recipe import DetectionRecipe, load_detection_recipe
from models.training.detection_run import load_marked_sets
from tests.support.marked import known_detector

BONES, JOINTS = Marks.BONES, Marks.JOINTS
NETWORK = {"widths": [8, 8], "depths": [1, 1], "pyramid": 8, "anchors": [[20]], "hidden": 16, "proposals": 8}
TINY = DetectionRecipe(
    name="tiny", marks=JOINTS, architecture="faster_rcnn", parameters=NETWORK, input_size=64, epochs=1, batch_size=4,
    augmentation=Augmentation(0, 0, 0, 0, flip=False, log_gamma=0, contrast=0, noise=0),
)  # fmt: skip
RADIUS = "set881,,Radius,0.4,0.8,0.2,0.1"
ULNA = "set881,,Ulna,0.6,0.8,0.1,0.1"
JOINT = "set329,{},Wrist,0.5,0.8,0.3,0.2"


def _folder(path: Path, rows: dict[int, list[str]], folds: dict[int, int], months: int = 100) -> Path:
    """A data folder of made-up frames with these rows of boxes by id."""
    (path / "rsna299").mkdir()
    labels = [f"{id},{months + id % 2},F,{fold}" for id, fold in folds.items()]
    (path / "rsna299" / "labels.csv").write_text("\n".join(["id,bone_age_months,sex,fold", *labels]) + "\n")
    boxes = [f"{id},{row}" for id, given in rows.items() for row in given]
    (path / "rsna299" / "roi_boxes.csv").write_text("\n".join(["id,set,annotator,class,cx,cy,w,h", *boxes]) + "\n")
    with zipfile.ZipFile(path / "rsna299" / "images-1of1.zip", "w") as archive:
        for id in folds:
            blob = io.BytesIO()
            noise = np.random.default_rng(id).integers(0, 255, (299, 299), np.uint8)
            Image.fromarray(noise).save(blob, "PNG")
            archive.writestr(f"{id}.png", blob.getvalue())
    return path


def test_a_hand_with_a_box_on_the_wrong_side_is_left_out_whole(tmp_path: Path) -> None:
    folder = _folder(tmp_path, {1: [RADIUS, ULNA], 1833: [RADIUS, ULNA]}, {1: 0, 1833: 0, 3: 0})
    marked = load_all_marked(folder, BONES, tmp_path / "cache")
    assert [label.id for label in marked.radiographs.labels] == [1]
    truth = marked.truth()[0]
    assert [BONES.classes[label] for label in truth.labels] == ["Radius", "Ulna"]
    assert truth.boxes[0] == pytest.approx([0.3, 0.75, 0.5, 0.85], abs=1e-6)


def test_joints_come_from_their_own_set_and_of_two_readers_the_expert_counts(tmp_path: Path) -> None:
    given = [JOINT.format("eval/expert"), JOINT.format("eval/nonexpert"), RADIUS]
    folder = _folder(tmp_path, {1: given, 2: [RADIUS]}, {1: 0, 2: 0})
    marked = load_all_marked(folder, JOINTS, tmp_path / "cache")
    assert [label.id for label in marked.radiographs.labels] == [1]
    assert [JOINTS.classes[label] for label in marked.labels[0]] == ["Wrist"]


def test_a_folder_without_bones_says_where_their_boxes_belong(tmp_path: Path) -> None:
    folder = _folder(tmp_path, {}, {1: 0})
    with pytest.raises(ValueError, match=r"no radiograph has marks of the bones; see rsna299/roi_boxes\.csv"):
        load_marked(folder, BONES, [Split.TRAIN], cache=tmp_path / "cache")


def _joints(path: Path) -> Path:
    return _folder(path, {id: [JOINT.format("train")] for id in range(1, 6)}, {1: 0, 2: 1, 3: 4, 4: 8, 5: 9}, 63)


def test_a_recipe_with_folds_trains_on_these_and_selects_on_fold_8(tmp_path: Path) -> None:
    folder = _joints(tmp_path)
    splits = [Split.TRAIN, Split.SELECT]
    train, select = load_marked_sets(replace(TINY, folds=(1, 4)), folder, splits, cache=tmp_path / "cache")
    assert [label.fold for label in train.radiographs.labels] == [1, 4]
    assert [label.fold for label in select.radiographs.labels] == [8]


def test_folds_that_do_not_train_are_refused_with_the_file(tmp_path: Path) -> None:
    path = tmp_path / "wrong.yaml"
    base = Path(__file__).parents[2] / "config" / "training" / "joints.first.slim.yaml"
    path.write_text(f"base: {base}\nfolds: [0, 9]\n")
    with pytest.raises(ValueError, match=r"wrong\.yaml: folds is a list of folds that train, 0 to 7, not \[0, 9\]"):
        load_detection_recipe(path)


def _boxes(*rows: tuple[float, int, float]) -> Boxes:
    """Of each its left edge, label and score; all are 0.1 wide."""
    corners = np.array([[left, 0.0, left + 0.1, 0.1] for left, _, _ in rows]).reshape(-1, 4)
    return Boxes(corners, np.array([r[1] for r in rows], np.int64), np.array([r[2] for r in rows]))


def test_f1_counts_each_marked_box_once_and_only_for_its_class() -> None:
    there = [_boxes((0.0, 0, 1), (0.5, 1, 1))]
    assert f1_score(there, there) == 1.0
    twice = _boxes((0.0, 0, 0.9), (0.01, 0, 0.8), (0.5, 0, 0.7))
    assert f1_score([twice], there) == pytest.approx(2 / 5)
    assert f1_score([_boxes()], there) == 0.0


def test_the_best_threshold_keeps_the_right_boxes_and_drops_the_false_ones() -> None:
    found = [_boxes((0.0, 0, 0.9), (0.5, 1, 0.42), (0.8, 0, 0.38))]
    threshold = best_threshold(found, [_boxes((0.0, 0, 1), (0.5, 1, 1))])
    assert threshold == pytest.approx(0.4)
    assert sure(found[0], threshold).scores.tolist() == [0.9, 0.42]


def test_a_model_that_finds_no_bones_is_refused() -> None:
    frames = np.zeros((1, 299, 299), np.uint8)
    with pytest.raises(ValueError, match="finds hand, no bones; give weights of a bone detector"):
        find_bones(frames, known_detector((0, 0, 1, 1), 0.9))
    finder = known_detector((0.1, 0.1, 0.2, 0.2), 0.9, BONES.classes)
    (found,) = find_bones(frames, finder)
    assert found.boxes[0] == pytest.approx([0.1, 0.1, 0.2, 0.2], abs=1e-6)
    (faint,) = find_bones(frames, known_detector((0.1, 0.1, 0.2, 0.2), 0.05, BONES.classes))
    assert not len(faint.labels)


def _run(path: Path, folder: Path, recipe: DetectionRecipe, cache: Path) -> Path:
    """A run folder as a training leaves it."""
    path.mkdir()
    train, select = load_marked_sets(recipe, folder, [Split.TRAIN, Split.SELECT], cache=cache)
    DetectionTrainer(recipe, train, select, path, "cpu").run()
    keys = ["name", "architecture", "input_size", "epochs", "folds"]
    lines = [f"{key}: {list(v) if isinstance(v := getattr(recipe, key), tuple) else v}" for key in keys]
    text = "\n".join(["task: detection", f"marks: {recipe.marks.value}", f"parameters: {NETWORK}", *lines])
    (path / "recipe.yaml").write_text(text.replace("None", "null"), encoding="utf-8")
    return path


def test_runs_of_detectors_are_measured_together_by_the_command(tmp_path: Path) -> None:
    folder = _joints(tmp_path)
    runs = [str(_run(tmp_path / name, folder, replace(TINY, name=name), tmp_path / "cache")) for name in ("a", "b")]
    assert is_detector(runs, None)
    assert not is_detector([*runs, "whole_hand"], None)
    text = evaluate_detectors(runs, data=folder, fold=9, output=tmp_path / "out", cache=tmp_path / "cache")
    assert "# Detectors of the joints on fold 9" in text
    assert "Command: `dicom-node evaluate runs/a runs/b --data DIR --fold 9`. 1 radiographs with 1 boxes." in text
    assert "## a" in text
    assert "## b" in text
    assert (tmp_path / "out" / "joints-fold9.md").read_text() == text
    refused = CliRunner().invoke(app, ["evaluate", *runs, "--data", str(folder), "--activation"])
    assert refused.exit_code == 1
    assert "detectors are measured with --fold and --output alone" in refused.output


def test_a_run_without_weights_says_so(tmp_path: Path) -> None:
    folder = _joints(tmp_path)
    run = _run(tmp_path / "run", folder, TINY, tmp_path / "cache")
    assert load_detector(str(run)).model.card.task is Task.DETECTION
    (run / "best.pt").unlink()
    with pytest.raises(ValueError, match=r"best\.pt: not there; a run has it once it has measured an epoch"):
        load_detector(str(run))


def test_out_of_fold_no_hand_is_measured_by_a_run_that_saw_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    folder = _joints(tmp_path)
    first, second = (
        _run(tmp_path / str(n), folder, replace(TINY, folds=folds), tmp_path / "cache" / "dicom-node")
        for n, folds in enumerate([(0, 1), (4,)])
    )
    marked, found = out_of_fold([first, second], folder)
    assert [label.id for label in marked.radiographs.labels] == [1, 2, 3]
    assert len(found) == 3
    assert [label.id for label in out_of_fold([second], folder)[0].radiographs.labels] == [1, 2]
    everything = _run(tmp_path / "all", folder, TINY, tmp_path / "cache" / "dicom-node")
    assert main([str(everything), "--data", str(folder)]) == 1
    assert "every run was trained on all folds; give one whose recipe has `folds`" in capsys.readouterr().err
    text = joints_markdown(marked, marked.truth(), JOINTS.classes)
    assert "## Joints, below 64 months\n\n1 hands; every marked joint is found in 1 of them." in text
    assert "## Joints, older\n\n2 hands; every marked joint is found in 2 of them." in text
    assert "| Wrist | 2 | 1.000 | 1.000 | 1.000 |" in text


@pytest.mark.data
def test_the_shipped_detector_finds_the_bones_of_its_select_split(data_directory: Path) -> None:
    model = registry.load("bone_detector")
    (marked,) = load_marked(data_directory, BONES, [Split.SELECT])
    found = find(model.network, marked.radiographs.frames, model.card.input_size)
    figures = measure(found, marked.truth(), model.card.classes)
    assert figures.ap_50 == pytest.approx(model.card.metrics["select_ap_50"], abs=0.01)
