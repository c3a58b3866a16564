"""Refusals counted, and the page that says so."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from dicom_node.operate.refusals.document import Measured, Origin, document
from dicom_node.operate.refusals.run import enlarged, evaluate_refusals
from dicom_node.operate.refusals.tally import Share, refusals, tallies
from models.plausibility.kinds import SEEN, UNSEEN, Kind
from models.plausibility.verdict import Verdict
from pipelines.contract import ModelIdentity, RefusalCode
from tests.support.folder import write_folder


def kind(name: str) -> Kind:
    (found,) = (each for each in (*SEEN, *UNSEEN) if each.name == name)
    return found


CHEST, NOISE, THREE, CAST = (kind(name) for name in ("chest", "noise", "three", "cast"))
OUTCOMES = [
    (CHEST, RefusalCode.NOT_A_HAND), (CHEST, RefusalCode.CUT_OFF), (NOISE, RefusalCode.FLAT), (THREE, None),
]  # fmt: skip
ORIGIN = Origin(
    "bone_age", "ab" * 32, [ModelIdentity("judge", "1.0.0", "cd" * 32)], 0.25, "dicom-node evaluate-refusals"
)


COSTS = {"checks": 2.0, "readers": 40.0}


def test_a_small_piece_is_enlarged_at_its_own_aspect() -> None:
    assert enlarged(np.zeros((64, 100), np.float32)).shape == (256, 400)
    large = np.zeros((300, 299), np.float32)
    assert enlarged(large) is large


def test_a_share_has_an_exact_interval() -> None:
    assert str(Share(0, 100)) == "0 of 100, 0.00% [0.00%, 3.62%]"
    assert Share(1, 2) + Share(2, 3) == Share(3, 5)


def test_a_reason_is_right_where_it_says_what_the_picture_is() -> None:
    chest, noise, three = tallies(OUTCOMES)
    assert (chest.refused, chest.right) == (Share(2, 2), Share(1, 2))
    assert (noise.refused, noise.right) == (Share(1, 1), Share(1, 1))
    assert (three.refused, three.right, three.codes) == (Share(0, 1), Share(0, 1), {})
    (blind,) = tallies([(NOISE, RefusalCode.BONES_NOT_FOUND)])
    assert blind.right == Share(1, 1)
    (pair,) = tallies([(THREE, RefusalCode.BONES_NOT_FOUND)])
    assert (pair.refused, pair.right) == (Share(1, 1), Share(0, 1))
    assert NOISE.right == {Verdict.UNUSABLE_EXPOSURE, Verdict.NOT_A_HAND}
    assert refusals([None, RefusalCode.FLAT, None]) == Share(1, 3)


def test_the_page_tells_kinds_that_were_trained_on_from_others_and_says_which_goal_is_reached() -> None:
    hands = [None] * 399 + [RefusalCode.CUT_OFF]
    text = document(Measured(9, hands, tallies(OUTCOMES), COSTS), ORIGIN)
    assert "1 of 400, 0.25%" in text
    assert "The goal, under 0.5%, is reached.\n\ncut-off 1." in text
    assert "| chest | not-a-hand, unusable" not in text
    assert "| chest | not-a-hand | 2 | 2 | 1 | not-a-hand 1, cut-off 1 |" in text
    trained, _, kept = text.partition("### Never trained on, and looked at before")
    assert "| three |" in kept
    assert "| three |" not in trained
    assert "| trained on: 2 | 3 of 3, 100.00%" in text
    assert "| all: 3 | 3 of 4, 75.00%" in text
    assert "Let through: three 1 of 1." in text
    assert "never looked at before" not in text
    assert "| cast |" in document(Measured(9, hands, tallies([(CAST, None)]), COSTS), ORIGIN)
    assert "less than 0.2500 probable" in text
    assert "bones-not-found" not in text
    asked = document(Measured(9, hands, tallies(OUTCOMES), COSTS), replace(ORIGIN, fewest=7))
    assert "fewer than 7 of the thirteen bones" in asked
    assert "| checks | 2.0 | 0.05 |" in text
    assert "No real radiograph of anything but a hand was at hand" in text


def test_kinds_kept_from_training_are_looked_at_with_the_test_fold_alone(tmp_path: Path) -> None:
    folder, page = write_folder(tmp_path, {4: 8, 5: 8, 9: 9}), tmp_path / "refusals.md"
    text = evaluate_refusals(data=folder, fold=8, each=1, output=page)
    assert page.read_text() == text
    assert "0 of 2, 0.00%" in text
    assert f"| trained on: {len(SEEN)} |" in text
    assert "never trained on" not in text
    with pytest.raises(ValueError, match="no radiograph of fold 3"):
        evaluate_refusals(data=folder, fold=3)
    with pytest.raises(ValueError, match="pipeline phantom: has no stage plausibility"):
        evaluate_refusals(data=folder, pipeline="phantom")
