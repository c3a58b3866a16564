"""How many bones get a name, by age, where nobody marked them."""

from pathlib import Path

import pytest

from models.data.labels import Label
from models.detection.anatomy import name_bones
from models.detection.hand_shape import BONES, HandBone
from models.evaluation import naming
from models.evaluation.detection_run import Detector
from tests.support.hands import place, without
from tests.support.marked import bone_detector
from tests.support.runs import write_radiographs

WHOLE, LACKING = name_bones(place()), name_bones(without(place(), HandBone.ULNA, HandBone.METACARPAL_2))


def test_each_age_group_says_how_many_hands_have_all_thirteen_and_what_is_missing_most() -> None:
    labels = [Label(1, 30, "F", 9), Label(2, 100, "M", 9), Label(3, 107, "M", 9)]
    assert naming.naming_markdown(labels, [WHOLE, WHOLE, LACKING]).splitlines()[2:] == [
        "| 24-48 | 1 | 100.0% | 13.00 | none |",
        "| 84-108 | 2 | 50.0% | 12.50 | ulna, 50.0% |",
        "| all | 3 | 66.7% | 12.67 | ulna, 33.3% |",
    ]


def test_all_radiographs_of_a_fold_are_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = dict(zip((bone.value for bone in BONES), map(tuple, place().boxes.tolist()), strict=True))
    monkeypatch.setattr(naming, "load_detector", lambda name: Detector(name, name, bone_detector(found)))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    data = write_radiographs(tmp_path / "data", test=3, calibrate=1)
    assert naming.main(["finder", "--data", str(data)]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == "| all | 3 | 100.0% | 13.00 | none |"


def test_weights_that_are_not_there_are_named(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert naming.main(["nothing", "--data", str(tmp_path)]) == 1
    assert "no weights named 'nothing' here" in capsys.readouterr().err
