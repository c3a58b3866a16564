"""Bone detectors in figures: made-up hands of the mean shape, with boxes moved, missing or too many."""

from dataclasses import replace

import numpy as np
import pytest

from models.data.labels import Label
from models.detection.anatomy import RUS_BONES
from models.detection.boxes import Boxes
from models.detection.hand_shape import BONES, KINDS, MEANS, SIDES, HandBone
from models.detection.views import merged
from models.evaluation.bones import (
    best_naming_threshold,
    bone_figures,
    by_age_markdown,
    by_bone_markdown,
    detectors_markdown,
    marks_fit,
)

LABELS = [Label(1, 80, "F", 9), Label(2, 150, "M", 9)]


def _hand() -> Boxes:
    """All 21 boxes of a hand of the mean shape in the middle of the frame."""
    centres, halves = 0.5 + 0.15 * MEANS, 0.05 * SIDES[:, None]
    boxes = np.concatenate([centres - halves, centres + halves], 1)
    kinds = np.array([KINDS.index(bone.kind) for bone in BONES], np.int64)
    return Boxes(boxes, kinds, np.full(len(BONES), 0.9))


def _without(hand: Boxes, name: str) -> Boxes:
    kept = np.array([bone.value != name for bone in BONES])
    return Boxes(hand.boxes[kept], hand.labels[kept], hand.scores[kept])


def test_a_detector_that_finds_what_is_marked_has_every_figure_at_one() -> None:
    figures = bone_figures("good", [_hand()] * 2, [_hand()] * 2, KINDS, 0.5)
    assert figures.complete.tolist() == [True, True]
    assert figures.bones_share == figures.bones_ap_50 == figures.bones_ap_50_95 == 1.0
    assert [row.images for row in figures.bones] == [2] * 13
    line = detectors_markdown([figures]).splitlines()[-1]
    assert line == "| good | 1.000 | 1.000 | 1.000 | 100.0 [100.0, 100.0] | 1.000 | 1.000 | 1.000 | 0.50 |"


def test_a_bone_that_is_missed_costs_its_own_figures_and_the_hand() -> None:
    figures = bone_figures("one", [_hand(), _without(_hand(), "ulna")], [_hand()] * 2, KINDS, 0.5)
    assert figures.complete.tolist() == [True, False]
    shares = {row.bone: row.share_of_images for row in figures.bones}
    assert shares.pop("ulna") == 0.5
    assert set(shares.values()) == {1.0}
    assert figures.complete_share.value == 50.0


def test_a_bone_that_is_none_of_the_thirteen_costs_no_hand() -> None:
    figures = bone_figures("few", [_without(_hand(), "metacarpal-4")], [_hand()], KINDS, 0.5)
    assert figures.complete.tolist() == [True]
    assert figures.classes.ap_50 < 1.0


def test_what_is_not_sure_is_not_named() -> None:
    faint = replace(_hand(), scores=np.full(len(BONES), 0.4))
    figures = bone_figures("faint", [faint], [_hand()], KINDS, 0.5)
    assert figures.complete.tolist() == [False]
    assert figures.bones_share == 0.0
    assert figures.classes.ap_50 == pytest.approx(1.0)


def test_a_bone_in_another_place_is_not_found() -> None:
    hand = _hand()
    moved = hand.boxes.copy()
    radius = BONES.index(RUS_BONES[0])
    moved[radius] += 0.6 * (moved[radius, 2] - moved[radius, 0])
    figures = bone_figures("moved", [replace(hand, boxes=moved)], [hand], KINDS, 0.5)
    assert figures.complete.tolist() == [False]


def test_the_tables_name_bones_kinds_and_ages() -> None:
    found = [_hand(), _without(_hand(), "radius")]
    figures = bone_figures("one", found, [_hand()] * 2, KINDS, 0.5)
    assert "| radius | 2 | 0.500 | 0.505 | 0.505 |" in by_bone_markdown([figures], named=True)
    assert "| Ulna | 2 | 1.000 | 1.000 | 1.000 |" in by_bone_markdown([figures], named=False)
    ages = by_age_markdown({"one": found}, [_hand()] * 2, LABELS, KINDS, [figures])
    assert "| 72-108 months | 1 | 1.000 | 1 of 1 |" in ages
    assert "| 144-180 months | 1 | 0.857 | 0 of 1 |" in ages


def test_bones_are_named_from_the_highest_score_that_loses_none() -> None:
    hand = _hand()
    faint = replace(hand, scores=np.where(np.arange(len(BONES)) == 0, 0.25, 0.9))
    assert best_naming_threshold([faint], [hand], KINDS) == 0.2


def test_a_false_box_that_would_be_named_raises_the_score_from_which_bones_are() -> None:
    hand = _hand()
    false = replace(_without(hand, "ulna"), scores=np.full(len(BONES) - 1, 0.9))
    place = hand.boxes[BONES.index(HandBone.ULNA)] + [0.0, 0.05, 0.0, 0.05]
    found = Boxes(
        np.vstack([false.boxes, place]), np.append(false.labels, KINDS.index("Ulna")), np.append(false.scores, 0.35)
    )
    assert best_naming_threshold([found], [hand], KINDS) == 0.6


def test_marks_that_lie_beside_the_hand_do_not_fit_it() -> None:
    hand = _hand()
    common = np.concatenate([hand.boxes[:, :2].min(0), hand.boxes[:, 2:].max(0)])[None]
    labels, scores = np.zeros(1, np.int64), np.ones(1)
    assert marks_fit(hand, Boxes(common, labels, scores))
    assert not marks_fit(hand, Boxes(common * 0.7, labels, scores))
    assert not marks_fit(hand, Boxes(np.zeros((0, 4)), labels[:0], scores[:0]))


def test_two_looks_become_one_box_of_each_thing() -> None:
    first = Boxes(np.array([[0.0, 0, 10, 10], [50, 50, 60, 60]]), np.array([0, 1]), np.array([0.8, 0.6]))
    second = Boxes(np.array([[2.0, 0, 12, 10], [0, 0, 10, 10]]), np.array([0, 2]), np.array([0.4, 0.3]))
    both = merged([first, second])
    assert both.labels.tolist() == [0, 1, 2]
    assert both.boxes[0] == pytest.approx([2 / 3, 0, 10 + 2 / 3, 10])
    assert both.scores == pytest.approx([0.6, 0.3, 0.15])
    nothing = Boxes(np.zeros((0, 4)), np.zeros(0, np.int64), np.zeros(0))
    assert not len(merged([nothing, nothing]).labels)
