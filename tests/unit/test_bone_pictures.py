"""How bones look at each age, and as they were found: pictures for a document, and for the eyes of the data's owner."""

from pathlib import Path

import numpy as np
import pytest

from models.data.labels import Label
from models.data.radiographs import Radiographs
from models.detection.anatomy import RUS_BONES, Side, name_bones
from models.detection.hand_shape import BONES, HandBone
from models.evaluation import bone_sheet, mean_bones
from models.evaluation.anatomy import KnownHand
from models.evaluation.detection_run import Detector
from tests.support.hands import place, without
from tests.support.marked import bone_detector
from tests.support.masked import bright_segmenter


def frame_of(hand: KnownHand) -> np.ndarray:
    """Bright in the half of each box that is nearer the tips of an upright hand."""
    frame = np.zeros((299, 299), np.uint8)
    for left, top, right, bottom in (hand.boxes * 299).round().astype(int):
        frame[top : (top + bottom) // 2, left:right] = 200
    return frame


def hands_of(count: int, *, right: bool = False) -> list[KnownHand]:
    return [KnownHand(n, place(right=right).boxes, Side.RIGHT if right else Side.LEFT) for n in range(count)]


def radiographs_of(hands: list[KnownHand], months: float) -> Radiographs:
    labels = tuple(Label(hand.id, months, "F", 0) for hand in hands)
    return Radiographs(labels, np.stack([frame_of(hand) for hand in hands]))


@pytest.mark.parametrize("right", [False, True])
def test_the_mean_shows_each_bone_upright_in_the_group_of_its_age(right: bool) -> None:
    hands = hands_of(20, right=right)
    means = mean_bones.mean_bones(hands, radiographs_of(hands, 120))
    assert set(means) == {(bone, 108) for bone in RUS_BONES}
    count, mean = means[HandBone.METACARPAL_3, 108]
    assert count == 20
    assert mean[20:36, 30:50].mean() > 0.9
    assert mean[48:60, 30:50].mean() < 0.1


def test_fewer_hands_than_hide_one_another_make_no_mean() -> None:
    hands = hands_of(19)
    assert mean_bones.mean_bones(hands, radiographs_of(hands, 120)) == {}


def test_ages_outside_all_groups_are_left_out() -> None:
    hands = hands_of(20)
    assert mean_bones.mean_bones(hands, radiographs_of(hands, 210)) == {}


def test_a_cell_without_a_mean_stays_white() -> None:
    hands = hands_of(20)
    picture = mean_bones.drawn(mean_bones.mean_bones(hands, radiographs_of(hands, 120)))
    rows = picture[mean_bones._TOP_PX :, mean_bones._LEFT_PX :]
    step = mean_bones.SIDE_PX + 4
    assert (rows[:, : 2 * step - 4] == 255).all()
    assert (rows[: mean_bones.SIDE_PX, 2 * step : 3 * step - 4] < 128).any()


FOUND = dict(zip((bone.value for bone in BONES), map(tuple, place().boxes.tolist()), strict=True))


def test_hands_that_lack_bones_come_first_and_the_sheet_is_not_to_be_shared() -> None:
    whole, lacking = name_bones(place()), name_bones(without(place(), HandBone.METACARPAL_3, HandBone.RADIUS))
    finders = bone_sheet.Finders(bone_detector(FOUND), bright_segmenter())
    frames = np.zeros((2, 299, 299), np.uint8)
    first, second = finders.cells(frames, [lacking, whole])
    assert (first != second).any()
    assert sorted([whole, lacking], key=bone_sheet._count) == [lacking, whole]
    sheet = bone_sheet.radiograph_sheet(finders, radiographs_of(hands_of(2), 120))
    assert sheet.shape[1] == bone_sheet.COLUMNS * (bone_sheet.CELL_PX + 4)
    assert (sheet[36:52, 8:200] == (190, 30, 30)).all(2).any()


def test_phantoms_are_drawn_with_their_bones_and_the_outline(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(bone_sheet, "load_detector", lambda name: Detector(name, name, bone_detector(FOUND)))
    monkeypatch.setattr(bone_sheet, "load", lambda name: bright_segmenter())
    assert bone_sheet.main([str(tmp_path / "new" / "phantoms.png")]) == 0
    picture = np.asarray(bone_sheet.Image.open(tmp_path / "new" / "phantoms.png"))
    for colour in (bone_sheet._OUTLINE, bone_sheet._COLOURS[3]):
        assert (picture == colour).all(2).sum() > 100
    assert not (picture == (190, 30, 30)).all(2).any()


def test_weights_that_are_not_there_are_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert bone_sheet.main([str(tmp_path / "a.png"), "--detector", "nothing"]) == 1
    assert "no weights named 'nothing' here" in capsys.readouterr().err
