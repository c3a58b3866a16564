"""Boxes of seven kinds become the named bones of one hand, or are left out with a reason."""

from pathlib import Path

import numpy as np
import pytest

from models.detection.anatomy import RUS_BONES, Fault, NamedHand, Side, name_bones
from models.detection.boxes import Boxes
from models.detection.hand_shape import BONES, KINDS, SHAPE, HandBone
from models.evaluation.anatomy import Disturbance, known_hands, mean_shape, share_right
from pipelines.contract import Bone
from tests.support.hands import LABELS, added, altered, phantom_hand, place, without

MP4, DP3 = HandBone.MIDDLE_PHALANX_4, HandBone.DISTAL_PHALANX_3


def all_named_right(hand: NamedHand, found: Boxes) -> bool:
    """Whether the bones are those of the boxes, which stand in the order of BONES."""
    return [(bone.bone, bone.box) for bone in hand.bones] == [
        (bone, tuple(box)) for bone, box in zip(BONES, found.boxes.tolist(), strict=True)
    ]


@pytest.mark.parametrize("turn_deg", [-30, 0, 30])
@pytest.mark.parametrize("aspect", [0.7, 1.0, 1.4])
@pytest.mark.parametrize("right", [False, True])
def test_every_bone_of_a_turned_and_squashed_hand_of_either_side_is_named(turn_deg, aspect, right):
    found = place(seed=1, turn_deg=turn_deg, aspect=aspect, right=right)
    hand = name_bones(found)
    assert all_named_right(hand, found)
    assert (hand.side, dict(hand.missing), dict(hand.surplus)) == (Side.RIGHT if right else Side.LEFT, {}, {})


@pytest.mark.parametrize("right", [False, True])
@pytest.mark.parametrize(("age_months", "seed"), [(66, 1), (120, 2), (200, 3)])
def test_the_bones_of_a_drawn_hand_are_named_as_they_were_drawn(age_months, seed, right):
    found = phantom_hand(age_months, seed, right=right)
    assert all_named_right(name_bones(found), found)


def test_the_order_in_which_boxes_come_changes_nothing():
    found, order = place(seed=2), np.random.default_rng(0).permutation(len(BONES))
    shuffled = Boxes(found.boxes[order], found.labels[order], found.scores[order])
    assert name_bones(shuffled).bones == name_bones(found).bones


@pytest.mark.parametrize(
    "gone",
    [
        (HandBone.RADIUS,),
        (HandBone.METACARPAL_1, HandBone.PROXIMAL_PHALANX_1, HandBone.DISTAL_PHALANX_1),
        (HandBone.RADIUS, HandBone.ULNA),
        (HandBone.METACARPAL_3, MP4, DP3),
        tuple(bone for bone in BONES if bone.finger == 5),
    ],
)
def test_a_bone_without_a_box_is_missing_and_no_other_takes_its_name(gone):
    hand = name_bones(without(place(seed=3, turn_deg=20), *gone))
    assert dict(hand.missing) == dict.fromkeys(gone, Fault.NOT_FOUND)
    assert {bone.bone for bone in hand.bones} == set(BONES) - set(gone)


def test_a_box_where_no_bone_of_its_kind_lies_is_left_over():
    hand = name_bones(added(place(), "MiddlePhalanx", (0.45, 0.85, 0.55, 0.95), score=0.99))
    assert dict(hand.surplus) == {21: Fault.OUT_OF_PLACE}
    assert len(hand.bones) == 21


def test_a_false_box_does_not_stand_in_for_a_bone_that_is_missing():
    found = added(without(place(), DP3), "DistalPhalanx", (0.05, 0.9, 0.15, 0.98))
    hand = name_bones(found)
    assert (dict(hand.missing), dict(hand.surplus)) == ({DP3: Fault.NOT_FOUND}, {20: Fault.OUT_OF_PLACE})


def test_of_two_boxes_in_one_place_the_surer_is_the_bone():
    found = place()
    n = BONES.index(MP4)
    hand = name_bones(added(found, "MiddlePhalanx", tuple(found.boxes[n] + 0.004), score=1.0))
    assert dict(hand.surplus) == {n: Fault.SAME_BOX}
    assert next(bone for bone in hand.bones if bone.bone is MP4).score == 1.0


def test_a_box_far_too_large_for_the_hand_is_no_bone():
    hand = name_bones(altered(place(), MP4, larger=2.5))
    assert dict(hand.missing) == {MP4: Fault.OUT_OF_PROPORTION}
    assert dict(hand.surplus) == {BONES.index(MP4): Fault.OUT_OF_PROPORTION}


def test_neighbours_that_do_not_stand_in_order_across_the_hand_lose_the_worse_one():
    toward = altered(place(), HandBone.RADIUS, by=(-0.055, 0))
    hand = name_bones(altered(toward, HandBone.ULNA, by=(0.03, 0)))
    assert dict(hand.missing) == {HandBone.RADIUS: Fault.OUT_OF_ORDER}


def test_too_few_boxes_are_no_hand_and_every_bone_is_said_to_be_missing():
    few = Boxes(place().boxes[:5], LABELS[:5], np.full(5, 0.9))
    hand = name_bones(few)
    assert (hand.bones, hand.side, set(hand.missing.values())) == ((), None, {Fault.NO_HAND})
    assert set(hand.missing) == set(BONES)


def test_nothing_found_is_no_hand():
    nothing = Boxes(np.zeros((0, 4)), np.zeros(0, np.int64), np.zeros(0))
    assert set(name_bones(nothing).missing.values()) == {Fault.NO_HAND}


def test_boxes_strewn_over_the_frame_are_not_made_a_hand():
    generator = np.random.default_rng(5)
    corner = generator.uniform(0, 0.9, (21, 2))
    hand = name_bones(Boxes(np.concatenate([corner, corner + 0.08], 1), LABELS, np.full(21, 0.9)))
    assert not hand.complete


def test_classes_that_are_no_bones_are_left_over():
    found = place()
    classes = (*KINDS, "Wrist")
    hand = name_bones(
        Boxes(np.vstack([found.boxes, found.boxes[:1]]), np.append(found.labels, 7), np.append(found.scores, 1)),
        classes,
    )
    assert (len(hand.bones), dict(hand.surplus)) == (21, {21: Fault.OUT_OF_PLACE})


def test_the_thirteen_bones_are_those_of_the_reports():
    assert [bone.value for bone in RUS_BONES] == [bone.value for bone in Bone]


@pytest.mark.data
def test_the_marked_bones_of_the_training_folds_are_named_right(data_directory: Path):
    hands = known_hands(data_directory)
    assert np.abs(mean_shape(hands, rounds=1) - SHAPE).max() < 0.05
    assert share_right(hands, Disturbance()) == 1
    assert share_right(hands[::8], Disturbance(turn_deg=30, aspects=(0.7, 1.4), mirrored=True)) == 1
