"""The page about single bones: figures of known readings, examinations that can fail, the command that writes it."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from typer.testing import CliRunner

from dicom_node.cli import app
from models.card import Task
from models.data.labels import Label, Split
from models.detection.anatomy import RUS_BONES
from models.detection.hand_shape import HandBone
from models.evaluation.single_bones import tables
from models.evaluation.single_bones.derived import derived_levels, examine_ages, examine_grader, known_rank
from models.evaluation.single_bones.measured import Said, by_age, of_bone, together
from models.levels.curve import curve, score_of_age
from models.levels.derived import derived_level
from models.levels.hands import GradedHands, load_graded
from models.levels.scale import BONES, COUNTS, MOST_LEVELS, SEXES, TOP_SCORE, Sex, level_scores
from models.networks import build_network
from models.training.levels_recipe import load_levels_recipe
from tests.support.folder import write_folder
from tests.support.readers import loaded

CONFIG = Path(__file__).parents[2] / "config" / "training"
DISTAL = HandBone.DISTAL_PHALANX_1


def said(off: dict[HandBone, float] | None = None, count: int = 380, spread: float = 0.0) -> Said:
    """Both sexes of every age; each bone says the age and so much more, in months; the hand is one month off."""
    ages = np.linspace(12, 215, count)
    labels = tuple(Label(n, float(age), "FM"[n % 2], 9) for n, age in enumerate(ages))
    noise = np.random.default_rng(0).normal(0, 1, (count, 13)) * spread
    moved = [(off or {}).get(bone, 0.0) for bone in RUS_BONES]
    return Said(labels, ages[:, None] + np.array(moved) + noise, ages + 1)


def test_a_bone_is_measured_where_it_was_found_and_held_beside_the_whole_hand() -> None:
    known = said({HandBone.ULNA: 4.0})
    known.months[:100, RUS_BONES.index(HandBone.ULNA)] = np.nan
    found = of_bone(known, HandBone.ULNA)
    assert found is not None
    assert (found.row.count, found.row.mae.value) == (280, pytest.approx(4))
    assert found.against_hand.bias.value == pytest.approx(3)
    assert found.correlation == pytest.approx(1)
    known.months[:, 0] = np.nan
    assert of_bone(known, HandBone.RADIUS) is None
    lines = tables.bones_table({bone: of_bone(known, bone) for bone in RUS_BONES}).splitlines()
    assert lines[2].startswith("| radius | 0 | - |")
    assert lines[3].startswith("| ulna | 280 | 4.00 [4.00, 4.00] | +4.00 | 100.0 % | 1.000 | +3.00 |")


def test_the_bone_that_speaks_best_at_an_age_is_told_with_those_that_cannot_be_told_from_it() -> None:
    worse = {bone: 5.0 for bone in RUS_BONES if bone not in (DISTAL, HandBone.ULNA)}
    known = said({**worse, DISTAL: 2.0, HandBone.ULNA: 3.0})
    groups = by_age(known)
    assert list(groups)[1:3] == ["0-36 months", "36-72 months"]
    assert {tables.best_bone(rows) for rows in groups.values()} == {DISTAL}
    assert "| 0-36 months | distal phalanx 1 | 2.00 [2.00, 2.00] | none |" in tables.best_table(groups)
    assert tables.ages_table(groups).count("**2.00**") == len(groups)


def test_bones_together_are_measured_on_hands_that_show_all_of_them() -> None:
    known = said({HandBone.RADIUS: 13.0})
    known.months[0, 3] = np.nan
    rows = {row.group: row for row in together(known)}
    assert {row.count for row in rows.values()} == {379}
    assert rows["mean of the thirteen"].mae.value == pytest.approx(1)
    assert rows["median of the thirteen"].mae.value == pytest.approx(0)
    assert rows["whole hand"].mae.value == pytest.approx(1)
    assert rows["whole hand and mean of the thirteen, halfway"].mae.value == pytest.approx(1)


@pytest.mark.parametrize("sex", SEXES)
def test_a_derived_level_never_falls_with_age_and_reaches_from_the_first_to_the_last(sex: Sex) -> None:
    known = curve(sex)
    for bone, count in zip(BONES, COUNTS, strict=True):
        levels = [derived_level(bone, months, sex) for months in np.linspace(1, 230, 200)]
        assert levels == sorted(levels)
        assert (min(levels), max(levels)) == (derived_level(bone, known.youngest_months, sex), count - 1)
        middle = float(known.months[500])
        shares = np.array(level_scores(bone, sex)) / level_scores(bone, sex)[-1]
        nearest = np.abs(shares - score_of_age(middle, sex) / TOP_SCORE).min()
        assert abs(shares[derived_level(bone, middle, sex)] - 0.5) == pytest.approx(nearest, abs=0.01)


def test_bones_that_say_the_age_pass_the_first_two_examinations_and_know_no_order() -> None:
    assert examine_ages(said()).verdicts == {"exchange": True, "age": True, "order": False}
    assert examine_ages(said(spread=2.0)).verdicts["exchange"]


def test_bones_that_mature_in_the_known_order_pass_the_third_and_in_the_reverse_order_fail() -> None:
    ahead = {bone: 36.0 - 18 * known_rank(bone) for bone in RUS_BONES}
    assert examine_ages(said(ahead)).verdicts["order"]
    assert not examine_ages(said({bone: -months for bone, months in ahead.items()})).verdicts["order"]


def test_a_bone_that_says_nothing_of_age_fails_the_first_two() -> None:
    known = said()
    known.months[:, 4] = np.random.default_rng(1).uniform(30, 200, len(known.labels))
    found = examine_ages(known)
    assert (found.verdicts["exchange"], found.verdicts["age"]) == (False, False)
    assert found.exchanged.rising[RUS_BONES[4]] < 0.8 < found.exchanged.rising[RUS_BONES[0]]
    known.months[:, 4] = np.nan
    missing = examine_ages(known)
    assert np.isnan(missing.exchanged.rising[RUS_BONES[4]])
    assert not missing.verdicts["exchange"]
    assert np.isnan(derived_levels(known.labels, known.months)[:, 4]).all()


def test_half_of_the_children_have_a_bone_at_the_top_from_the_age_that_is_told() -> None:
    found = examine_ages(said())
    for sex in SEXES:
        oldest = curve(sex).oldest_months
        reached = found.reached_months[sex][HandBone.RADIUS]
        assert reached == float("inf") or abs(reached - oldest) < 36
    assert "never" in tables.examined_table(examine_ages(said(dict.fromkeys(RUS_BONES, -100.0))))


class Steps(torch.nn.Module):
    """Level n of a bone whose crop has grey n; with a leak every bone has the level of the hand's brightest."""

    def __init__(self, leak: bool) -> None:
        super().__init__()
        self.leak = leak

    def forward(self, crops: torch.Tensor) -> torch.Tensor:
        grey = (crops * 255).mean((2, 3, 4)).round()
        grey = grey.amax(1, keepdim=True).expand_as(grey) if self.leak else grey
        last = torch.tensor(COUNTS) - 1
        return 50.0 * torch.nn.functional.one_hot(grey.minimum(last).long(), MOST_LEVELS)


def graded(count: int = 80) -> GradedHands:
    """Hands whose crops are as grey as their bones' derived levels."""
    known = said(count=count)
    levels = derived_levels(known.labels, known.months).astype(np.int64)
    crops = np.repeat(np.repeat(levels[:, :, None, None], 8, 2), 8, 3).astype(np.uint8)
    return GradedHands(known.labels, crops, levels)


def test_a_grader_that_looks_at_each_bone_passes_the_exchange_and_one_that_mixes_them_fails() -> None:
    apart, mixed = (
        examine_grader(loaded(Steps(leak), input_size=8, task=Task.LEVELS, interval=None), graded())
        for leak in (False, True)
    )
    assert apart.verdicts == {"exchange": True, "age": True, "order": False}
    assert apart.exchanged.most is not None
    assert min(apart.exchanged.most.values()) >= 0.95
    assert not mixed.verdicts["exchange"]
    assert "and farther than any other" in tables.examined_table(apart)


def test_a_set_of_derived_levels_is_one_that_a_grader_is_trained_on(tmp_path: Path) -> None:
    data = write_folder(tmp_path / "data", {1: 0, 2: 3, 4: 8, 5: 8, 9: 9})
    asked = ["data", "derived-levels", "--data", str(data), "--output", str(tmp_path / "site")]
    for status in (0, 1):
        result = CliRunner().invoke(app, asked)
        assert result.exit_code == status, result.output
    assert "there is a set here already" in result.output
    hands = load_graded(tmp_path / "site" / "site.yaml", 16, tmp_path / "cache")
    assert {label.split for label in hands.labels} == set(Split)
    expected = [derived_level(bone, 120, "F") for bone in BONES]
    assert hands.levels.tolist() == [expected] * len(hands)
    recipe = load_levels_recipe(CONFIG / "levels.derived.slim.yaml")
    assert recipe.name == "levels.derived.slim"


def run_folder(folder: Path) -> Path:
    """A run of a fresh network."""
    parameters = {"widths": [4, 8]}
    folder.mkdir(parents=True)
    recipe = {
        "name": "tiny", "task": "bone ages", "architecture": "bone_age", "input_size": 32, "epochs": 1,
        "parameters": parameters,
    }  # fmt: skip
    (folder / "recipe.yaml").write_text(json.dumps(recipe))
    torch.manual_seed(0)
    torch.save(build_network("bone_age", parameters).state_dict(), folder / "best.pt")
    return folder


def invoke(reader: str, runs: Path, data: Path, output: Path) -> str:
    asked = ["evaluate-bones", reader, "--runs", str(runs), "--data", str(data), "--output", str(output)]
    result = CliRunner().invoke(app, asked)
    assert result.exit_code == 0, result.output
    return output.read_text()


def test_the_command_writes_the_page_of_a_run_and_says_of_one_that_was_not_trained_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    data = write_folder(tmp_path / "data", {1: 0, 2: 9, 3: 9, 4: 9, 5: 9})
    run_folder(tmp_path / "runs" / "tiny")
    page = invoke("tiny", tmp_path / "runs", data, tmp_path / "out" / "page.md")
    assert "dicom-node evaluate-bones tiny --runs DIR --data DIR --output FILE --fold 9" in page
    assert "4 images" in page
    assert page.count("| radius |") == 3
    assert "no derived levels ship" in page
    absent = invoke("nothing", tmp_path / "runs", data, tmp_path / "out" / "absent.md")
    assert absent.count("not trained") == 13
    assert "## A grader of derived levels" in absent


def test_weights_that_read_no_single_bones_are_refused(tmp_path: Path) -> None:
    asked = ["evaluate-bones", "whole_hand", "--runs", str(tmp_path), "--data", str(tmp_path)]
    result = CliRunner().invoke(app, [*asked, "--output", str(tmp_path / "page.md")])
    assert result.exit_code == 1
    assert "these weights are for bone age, not for bone ages" in result.output
