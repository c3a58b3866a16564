"""Boxes, key points and masks of a data folder."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from models.data.annotations import (
    KEY_POINTS,
    Box,
    annotations_of,
    read_bone_boxes,
    read_hand_key_points,
    read_hand_masks,
)
from models.data.labels import Label

BOXES = "id,set,annotator,class,cx,cy,w,h\n7,set881,,Ulna,0.4,0.8,0.1,0.2\n7,set881,,Radius,0.5,0.5,0.0,0.0\n"


def _folder(tmp_path: Path) -> Path:
    (tmp_path / "rsna299").mkdir()
    return tmp_path


def _key_points(*ids: int) -> str:
    header = ["id", "hand_x", "hand_y", "hand_w", "hand_h"]
    header += [f"{name}_{part}" for name in KEY_POINTS for part in "xyv"]
    cells = [f"{(n + 1) / 50},{(n + 2) / 50},2" for n in range(21)]
    rows = [",".join([str(each), "0.1", "0.2", "0.5", "0.6", *cells]) for each in ids]
    return "\n".join([",".join(header), *rows]) + "\n"


def test_annotations_are_joined_to_the_labels_by_id(tmp_path: Path) -> None:
    data = _folder(tmp_path)
    (data / "rsna299" / "roi_boxes.csv").write_text(BOXES)
    (data / "rsna299" / "hand_keypoints.csv").write_text(_key_points(7, 8, 9))
    found = annotations_of(data, [Label(6, 12, "F", 0), Label(7, 12, "F", 0), Label(8, 12, "F", 0)])
    assert list(found) == [7, 8]
    assert [box.kind for box in found[7].bones] == ["Ulna"]
    assert found[8].bones == ()
    points = found[8].key_points
    assert points is not None
    assert points.points["pinky_finger4"].x == pytest.approx(21 / 50)
    assert points.hand.corners == pytest.approx((0.1, 0.2, 0.6, 0.8))


def test_there_are_21_key_points_from_the_wrist_to_the_little_finger() -> None:
    assert len(set(KEY_POINTS)) == 21
    assert (KEY_POINTS[0], KEY_POINTS[-1]) == ("wrist", "pinky_finger4")


def test_a_folder_without_annotations_has_none(tmp_path: Path) -> None:
    assert annotations_of(_folder(tmp_path), [Label(7, 12, "F", 0)]) == {}
    assert list(read_hand_masks(tmp_path)) == []


def test_a_box_in_pixels_ends_at_the_frames_edge() -> None:
    assert Box(0.1, 0.5, 0.4, 0.5).in_pixels(200, 100) == pytest.approx((0, 25, 60, 75))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (BOXES.replace("0.4,", "44,"), r"boxes\.csv:2: 44 is no fraction of the frame"),
        (BOXES.replace("0.4,", "nan,"), r"boxes\.csv:2: nan is no fraction"),
        (BOXES.replace(",cx,", ",x,"), r"boxes\.csv:1: no column 'cx'"),
        (BOXES.replace("7,set881,,Ulna", "seven,set881,,Ulna"), r"boxes\.csv:2: "),
    ],
)
def test_a_bad_row_is_named_by_its_line(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "boxes.csv"
    path.write_text(text)
    with pytest.raises(ValueError, match=message):
        read_bone_boxes(path)


def test_an_id_with_two_rows_of_key_points_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "points.csv"
    path.write_text(_key_points(7, 7))
    with pytest.raises(ValueError, match="an id stands in two rows"):
        read_hand_key_points(path)


def test_a_mask_is_what_is_not_black(tmp_path: Path) -> None:
    hand = np.zeros((40, 30), np.uint8)
    hand[10:30, 5:25] = 120
    (tmp_path / "segmented").mkdir()
    Image.fromarray(hand).save(tmp_path / "segmented" / "7.avif", quality=100)
    ((image_id, pixels, mask),) = read_hand_masks(tmp_path)
    assert (image_id, pixels.shape) == (7, (40, 30))
    assert (mask == (hand > 0)).mean() > 0.95


@pytest.mark.data
def test_the_public_annotations_are_read_whole(data_directory: Path) -> None:
    boxes = read_bone_boxes(data_directory / "rsna299" / "roi_boxes.csv")
    assert len({box.id for box in boxes}) == 1138
    assert len(boxes) == 25580 - 2
    assert len(read_hand_key_points(data_directory / "rsna299" / "hand_keypoints.csv")) == 568
