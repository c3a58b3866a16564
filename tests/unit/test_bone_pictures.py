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


def test_hands_that_lack_bones_come_first_and_say_how_many() -> None:
    whole, lacking = name_bones(place()), name_bones(without(place(), HandBone.METACARPAL_3, HandBone.RADIUS))
    frames = np.zeros((2, 299, 299), np.uint8)
    sheet = bone_sheet.bone_sheet(frames, [whole, lacking], ["1", "2"], "two")
    first = sheet[bone_sheet.TOP_PX : bone_sheet.TOP_PX + bone_sheet.CELL_PX, : bone_sheet.CELL_PX]
    assert np.array_equal(first, bone_sheet.cell(frames[1], lacking))
    assert not np.array_equal(first, bone_sheet.cell(frames[0], whole))


def test_phantoms_are_drawn_with_their_bones_and_the_outline(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    found = dict(zip((bone.value for bone in BONES), map(tuple, place().boxes.tolist()), strict=True))
    models = {"finder": bone_detector(found), "outliner": bright_segmenter()}
    monkeypatch.setattr(bone_sheet, "load", lambda name, directory=None: models[name])
    bone_sheet.main(tmp_path / "new" / "phantoms.png", "finder", "outliner")
    picture = np.asarray(bone_sheet.Image.open(tmp_path / "new" / "phantoms.png"))
    for colour in (bone_sheet._OUTLINE, bone_sheet._COLOURS[3]):
        assert (picture == colour).all(2).sum() > 100
