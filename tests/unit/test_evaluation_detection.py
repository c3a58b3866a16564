"""Average precision of boxes, worked out by hand beside the code."""

import numpy as np
import pytest

from models.detection.boxes import Boxes, iou
from models.evaluation.detection import average_precision, detection_markdown, share_of_images

UNIT = [0.0, 0.0, 1.0, 1.0]
FAR = [5.0, 5.0, 6.0, 6.0]


def _boxes(*entries: tuple[list[float], int, float]) -> Boxes:
    rows = [box for box, _, _ in entries]
    return Boxes(
        np.array(rows, dtype=float).reshape(-1, 4),
        np.array([label for _, label, _ in entries], dtype=np.int64),
        np.array([score for _, _, score in entries], dtype=float),
    )


def _shifted(overlap: float) -> list[float]:
    """A unit square moved right so that its IoU with UNIT is `overlap`."""
    shift = (1 - overlap) / (1 + overlap)
    return [shift, 0.0, 1 + shift, 1.0]


def test_iou_of_known_boxes() -> None:
    found = iou(np.array([UNIT]), np.array([UNIT, FAR, _shifted(0.72), [0.0, 0.0, 0.0, 0.0]]))
    assert found[0] == pytest.approx([1.0, 0.0, 0.72, 0.0])


def test_perfect_boxes_have_every_figure_at_one() -> None:
    there = [_boxes((UNIT, 0, 1.0), (FAR, 1, 1.0))] * 3
    for row in average_precision(there, there, ["radius", "ulna"]):
        assert (row.images, row.share_of_images, row.coco_50, row.coco_50_95) == (3, 1.0, 1.0, 1.0)


def test_a_box_of_iou_0_72_counts_at_five_of_the_ten_thresholds() -> None:
    row = average_precision([_boxes((_shifted(0.72), 0, 0.9))], [_boxes((UNIT, 0, 1.0))], ["radius"])[0]
    assert row.coco_50 == pytest.approx(1.0)
    assert row.coco_50_95 == pytest.approx(0.5)


def test_half_of_the_bones_found_is_51_of_101_points_of_recall() -> None:
    there = [_boxes((UNIT, 0, 1.0))] * 2
    row = average_precision([_boxes((UNIT, 0, 0.9)), _boxes()], there, ["radius"])[0]
    assert row.share_of_images == 0.5
    assert row.coco_50 == pytest.approx(51 / 101)


def test_a_confident_false_box_costs_coco_precision_a_faint_one_does_not() -> None:
    there = [_boxes((UNIT, 0, 1.0))]
    faint = average_precision([_boxes((UNIT, 0, 0.9), (FAR, 0, 0.1))], there, ["radius"])[0]
    confident = average_precision([_boxes((UNIT, 0, 0.1), (FAR, 0, 0.9))], there, ["radius"])[0]
    assert faint.coco_50 == pytest.approx(1.0)
    assert confident.coco_50 == pytest.approx(0.5)
    assert faint.share_of_images == confident.share_of_images == 0.5


def test_a_second_box_on_the_same_bone_is_a_false_one() -> None:
    row = average_precision([_boxes((UNIT, 0, 0.9), (UNIT, 0, 0.8))], [_boxes((UNIT, 0, 1.0))], ["radius"])[0]
    assert row.share_of_images == 0.5


def test_a_box_with_another_bones_name_finds_nothing() -> None:
    rows = average_precision([_boxes((UNIT, 1, 0.9))], [_boxes((UNIT, 0, 1.0))], ["radius", "ulna"])
    assert (rows[0].share_of_images, rows[0].coco_50) == (0.0, 0.0)
    assert rows[1].images == 0
    assert np.isnan(rows[1].coco_50)
    assert np.isnan(rows[1].share_of_images)


def test_the_share_counts_only_images_that_have_the_bone() -> None:
    there = [_boxes((UNIT, 0, 1.0)), _boxes((FAR, 1, 1.0))]
    found = [_boxes((UNIT, 0, 1.0)), _boxes((UNIT, 0, 1.0))]
    assert share_of_images(found, there, 0) == 1.0


def test_the_table_ends_with_the_mean_over_the_bones_that_are_there() -> None:
    there = [_boxes((UNIT, 0, 1.0), (FAR, 1, 1.0))]
    rows = average_precision([_boxes((UNIT, 0, 1.0))], there, ["radius", "ulna", "absent"])
    assert detection_markdown(rows).splitlines()[-1] == "| mean | | 0.500 | 0.500 | 0.500 |"
