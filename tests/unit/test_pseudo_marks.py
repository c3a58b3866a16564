"""A detector that learns from another one's marks: of whole hands alone, of the training folds alone."""

from pathlib import Path

import numpy as np
import pytest
import torch

from models.data.labels import TRAINING_FOLDS, Label
from models.detection.hand_shape import HandBone
from models.detection.marked import MarkedRadiographs, Marks
from models.detection.pseudo_marks import LEAST_SCORE, is_whole, mark_hands
from models.training.detection_recipe import DetectionRecipe, load_detection_recipe
from models.training.detection_run import train_detector
from models.training.taught import teachable
from tests.support.folder import write_folder
from tests.support.hands import added, place, without
from tests.support.marked import KnownBones, marked_discs
from tests.support.radiographs import bright_with_age

CONFIG = Path(__file__).parents[2] / "config" / "training"


def _teacher(score: float = 0.9, *gone: HandBone) -> KnownBones:
    found = without(place(), *gone)
    return KnownBones(torch.tensor(found.boxes), torch.tensor(found.labels + 1), score)


def test_radiographs_are_marked_where_the_teacher_finds_every_bone() -> None:
    marked = mark_hands(_teacher(), 64, bright_with_age(5), wanted=3)
    assert [label.id for label in marked.radiographs.labels] == [label.id for label in bright_with_age(5).labels[:3]]
    truth, hand = marked.truth()[0], place()
    order = np.lexsort([truth.boxes[:, 0], truth.labels])
    assert np.abs(truth.boxes[order] - hand.boxes[np.lexsort([hand.boxes[:, 0], hand.labels])]).max() < 0.002


@pytest.mark.parametrize("teacher", [_teacher(0.9, HandBone.ULNA), _teacher(LEAST_SCORE - 0.05)])
def test_a_hand_with_a_bone_in_doubt_is_not_learnt_from(teacher: KnownBones) -> None:
    with pytest.raises(ValueError, match="of 2 radiographs the teacher finds every bone on none"):
        mark_hands(teacher, 64, bright_with_age(2), wanted=1)


def test_a_hand_with_a_bone_too_many_is_not_whole() -> None:
    assert is_whole(place())
    assert not is_whole(added(place(), "Ulna", (0.0, 0.0, 0.05, 0.05)))


def test_marked_radiographs_are_joined_in_order() -> None:
    first, second = marked_discs(2), marked_discs(3, fold=1, seed=1)
    both = first.with_more(second)
    assert [label.fold for label in both.radiographs.labels] == [0, 0, 1, 1, 1]
    assert np.array_equal(both.radiographs.frames[2], second.radiographs.frames[0])
    assert isinstance(both, MarkedRadiographs)
    assert np.array_equal(both.outlines[4], second.outlines[2])


@pytest.mark.parametrize(
    ("keys", "fault"),
    [
        ({"teacher": "one"}, "given together"),
        ({"taught": 3}, "given together"),
        ({"teacher": "one", "taught": 3, "marks": Marks.HAND}, "marks bones, not the hand"),
    ],
)
def test_a_recipe_says_what_its_teacher_is_for(keys: dict[str, object], fault: str) -> None:
    base = {"name": "x", "architecture": "fcos", "input_size": 64, "epochs": 1, "marks": Marks.BONES}
    with pytest.raises(ValueError, match=fault):
        DetectionRecipe(**{**base, **keys})  # type: ignore[arg-type]


def test_taught_are_unmarked_radiographs_of_training_folds_from_64_months() -> None:
    labels = [Label(1, 100, "F", 0), Label(2, 100, "F", 1), Label(3, 63.9, "F", 1), Label(4, 64, "M", 7)]
    labels += [Label(5, 100, "F", 8), Label(6, 100, "F", 9)]
    assert teachable(labels, {1}, TRAINING_FOLDS) == [1, 3]


def test_a_teacher_without_weights_is_named(tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "data", {1: 0, 2: 0, 4: 8})
    rows = [f"{id},set881,,Radius,0.5,0.8,0.1,0.1" for id in (1, 4)]
    (folder / "rsna299" / "roi_boxes.csv").write_text("\n".join(["id,set,annotator,class,cx,cy,w,h", *rows]) + "\n")
    assert load_detection_recipe(CONFIG / "bones.faster_rcnn.taught.slim.yaml").teacher == "bones.faster_rcnn.slim"
    with pytest.raises(ValueError, match=r"bones\.faster_rcnn\.slim/best\.pt: not there"):
        train_detector(
            CONFIG / "bones.faster_rcnn.taught.slim.yaml", data=folder, output=tmp_path / "taught", device="cpu",
            cache=tmp_path / "cache",
        )  # fmt: skip
