"""What a judge tells apart: made-up pictures of every kind, and its verdicts."""

import cv2
import numpy as np
import pytest

from models.data.labels import Split
from models.plausibility.cut import fingers_off, half, quarter, shuttered, wrist_off
from models.plausibility.hands import moved, poor, whole
from models.plausibility.joined import mirrored
from models.plausibility.judged import made, pictures, reframed
from models.plausibility.judging import HIGHEST_THRESHOLD, of_hand, threshold_for, verdict_of
from models.plausibility.kinds import KINDS, SEEN, UNSEEN, Kind
from models.plausibility.sources import phantom_hands
from models.plausibility.verdict import CLASSES, Verdict
from pipelines.contract import RefusalCode
from tests.support.judges import rows_and_columns

HANDS = phantom_hands(Split.TEST, 3)
ROWS, COLUMNS = rows_and_columns()
BOX = ROWS.box
EDGE = 0.01
"""Of the frame: cuts lie between pixels."""


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_every_kind_makes_pictures_that_follow_from_its_generator(kind: Kind) -> None:
    first, again, other = (kind.make(HANDS, np.random.default_rng(seed)) for seed in (1, 1, 2))
    assert (first.ndim, first.dtype, min(first.shape) >= 8) == (2, np.float32, True)
    assert 0 <= first.min() <= first.max() <= 1
    assert np.array_equal(first, again)
    assert first.shape != other.shape or not np.array_equal(first, other)


def test_kinds_have_names_of_their_own_and_are_trained_on_or_kept_apart() -> None:
    assert len({kind.name for kind in KINDS}) == len(KINDS)
    assert {kind.verdict for kind in SEEN} == {kind.verdict for kind in UNSEEN} == set(Verdict) - {Verdict.HAND}
    assert len(SEEN) + len(UNSEEN) == len(KINDS)


def test_a_kind_makes_the_same_pictures_whatever_other_kinds_are_asked_for() -> None:
    (_, alone), (_, among) = *pictures(KINDS[5:6], 1, HANDS, 7), list(pictures(KINDS[4:6], 1, HANDS, 7))[1]
    assert np.array_equal(alone, among)


def test_verdicts_are_called_as_refusals_are() -> None:
    assert {RefusalCode(verdict.value) for verdict in Verdict if verdict is not Verdict.HAND} == {
        RefusalCode.NOT_A_HAND, RefusalCode.SEVERAL_HANDS, RefusalCode.CUT_OFF, RefusalCode.UNUSABLE_EXPOSURE,
    }  # fmt: skip


@pytest.mark.parametrize("seed", range(8))
def test_a_frame_of_a_whole_hand_never_cuts_into_its_box(seed: int) -> None:
    rows, columns = (whole(hand, np.random.default_rng(seed)) for hand in (ROWS, COLUMNS))
    assert rows.min() <= BOX.top
    assert rows.max() >= BOX.bottom - EDGE
    assert columns.min() <= BOX.left
    assert columns.max() >= BOX.right - EDGE


@pytest.mark.parametrize("seed", range(8))
def test_cuts_take_away_what_they_are_named_for(seed: int) -> None:
    tall = BOX.bottom - BOX.top
    no_fingers, no_wrist = (cut([ROWS], np.random.default_rng(seed)) for cut in (fingers_off, wrist_off))
    assert no_fingers.min() >= BOX.top + 0.2 * tall - EDGE
    assert no_fingers.max() >= 1 - EDGE
    assert no_wrist.min() == 0
    assert no_wrist.max() <= BOX.top + 0.68 * tall + EDGE
    assert np.ptp(half([COLUMNS], np.random.default_rng(seed))) <= BOX.left + 0.6 * (BOX.right - BOX.left) + EDGE
    assert max(np.ptp(quarter([hand], np.random.default_rng(seed))) for hand in (ROWS, COLUMNS)) < 0.6


@pytest.mark.parametrize("seed", range(8))
def test_a_shutter_hides_a_part_of_the_hand_and_leaves_the_rest_as_it_was(seed: int) -> None:
    pixels = HANDS[0].pixels
    changed = np.abs(shuttered(HANDS, np.random.default_rng(seed)) - pixels) > 0.02
    assert 0.1 < (changed[pixels > 0.4]).mean() < 0.95


@pytest.mark.parametrize("seed", range(12))
def test_a_poor_hand_is_as_it_was_but_for_what_hides_no_bone(seed: int) -> None:
    hand = HANDS[0].pixels
    there = poor(hand, np.random.default_rng(seed))
    assert (there.shape, there.dtype) == (hand.shape, np.float32)
    assert not np.array_equal(there, hand)
    before, after = (cv2.medianBlur(each, 5).ravel() for each in (hand, there))  # without grain and single rows
    assert np.corrcoef(before, after)[0, 1] > 0.85


def test_pixels_are_taken_from_where_they_are_pointed_to() -> None:
    shifted = moved(COLUMNS.pixels, np.full(COLUMNS.pixels.shape, 3.0), np.zeros(COLUMNS.pixels.shape))
    assert np.allclose(shifted[:, :-3], COLUMNS.pixels[:, 3:])
    assert np.allclose(shifted[:, -3:], COLUMNS.pixels[:, -1:])


def test_both_hands_stand_side_by_side_and_mirrored() -> None:
    joined = mirrored([COLUMNS], np.random.default_rng(3))
    assert joined.shape[1] > 1.3 * COLUMNS.pixels.shape[1]
    assert np.array_equal(joined, joined[:, ::-1])


def test_frames_come_with_their_verdicts() -> None:
    some = reframed(HANDS, 2, 1) + made(SEEN[:2], 1, HANDS, 1)
    assert some.frames.shape == (4, 299, 299)
    assert [CLASSES[place] for place in some.verdicts] == [Verdict.HAND, Verdict.HAND, *(k.verdict for k in SEEN[:2])]


def test_a_frame_is_a_hand_from_the_threshold_on_and_else_what_is_likeliest_of_the_rest() -> None:
    probabilities = np.array([0.4, 0.05, 0.2, 0.3, 0.05])
    assert of_hand(probabilities[None]) == [0.4]
    assert verdict_of(probabilities, 0.4) is Verdict.HAND
    assert verdict_of(probabilities, 0.41) is Verdict.CUT_OFF


def test_a_threshold_refuses_at_most_one_in_400_of_the_hands_it_is_set_by() -> None:
    certain = np.linspace(0.01, 1, 1200)
    assert (certain < threshold_for(certain)).sum() == 3
    assert threshold_for(np.array([0.02, *np.full(399, 0.3)])) == pytest.approx(0.16)
    assert threshold_for(np.array([0.2, 0.9])) == 0.1
    assert threshold_for(np.array([0.02, *np.full(399, 1.0)])) == HIGHEST_THRESHOLD
