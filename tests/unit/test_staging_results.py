"""The page about stages: its tables, and what it says of what was not trained."""

from pathlib import Path

import numpy as np
import pytest

from models.evaluation.staging.answers import Answers
from models.evaluation.staging.claims import claims_of
from models.evaluation.staging.specification import read_staging_specification
from models.evaluation.staging.tables import ages_table, curve_table, mixup_table, stages_table
from models.training.diibaa_recipe import load_diibaa_recipe

SPECIFICATION = Path(__file__).parents[2] / "config" / "evaluation" / "diibaa.yaml"
PRINTED = read_staging_specification(SPECIFICATION).printed
STAGES = np.array([0, 0, 1, 1, 1, 2])
ANSWERS = Answers(
    STAGES, np.array([20, 30, 80, 90, 100, 200], np.float32),
    scores=np.array([
        [0.9, 0.1, 0.1], [0.5, 0.45, 0.1], [0.1, 0.9, 0.1], [0.3, 0.3, 0.35], [0.1, 0.9, 0], [0.6, 0, 0.2]
    ]),
    by_mixup=np.array([0, 1, 1, 1, 0, 2]), baseline=np.ones(6, np.int64), focal=np.array([1, 1, 1, 1, 1, 2]),
    ages=np.array([[22.0, 50, 170]] * 6), th_score=0.2,
)  # fmt: skip


def test_the_shipped_specification_names_recipes_that_are_there_and_of_the_right_sex() -> None:
    for name, of_sex in read_staging_specification(SPECIFICATION).systems.items():
        for sex, run in of_sex.items():
            recipe = load_diibaa_recipe(SPECIFICATION.parents[1] / "training" / f"{run}.yaml")
            assert recipe.name == run
            assert recipe.whole.sex == (sex if name.startswith("as published") else None)


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ("colour: red", "unknown key 'colour' of StagingSpecification"),
        ("systems: {one: {F: a}}", "one: needs F and M"),
        ("printed: {F: {stages: {magic: [1, 2, 3]}, curve: {}, th_score: 1, mae_years: {}}}", "unknown method 'magic'"),
    ],
)
def test_a_fault_in_a_specification_is_named_with_its_file(line: str, fault: str, tmp_path: Path) -> None:
    path = tmp_path / "wrong.yaml"
    path.write_text(f"{SPECIFICATION.read_text()}\n{line}\n")
    with pytest.raises(ValueError, match=rf"wrong\.yaml: {fault}"):
        read_staging_specification(path)


def test_a_stage_s_share_is_of_its_own_images() -> None:
    rows = [line.split(" | ") for line in stages_table(ANSWERS).splitlines()[2:]]
    assert [row[1] for row in rows] == ["2", "3", "1", "-", "6"]
    assert [row[2] for row in rows] == ["0.0 %", "100.0 %", "0.0 %", "33.3 %", "50.0 %"]
    assert [row[3] for row in rows] == ["100.0 %", "66.7 %", "0.0 %", "55.6 %", "66.7 %"]
    assert [row[5] for row in rows] == ["50.0 %", "100.0 %", "0.0 %", "50.0 %", "66.7 %"]


def test_a_higher_threshold_leaves_more_to_the_second_branch() -> None:
    rows = [line.strip("| ").split(" | ") for line in curve_table(ANSWERS).splitlines()]
    assert rows[0] == ["stage", "0.05", "0.1", "0.15", "0.2", "0.25", "0.3", "0.35", "0.4", "0.45", "0.5"]
    assert rows[4][1:] == ["0.0 %"] * 7 + ["100.0 %"] * 3


def test_mixtures_stand_beside_the_paper_s_figures() -> None:
    rows = mixup_table(ANSWERS, PRINTED["F"]).splitlines()[2:]
    assert rows[0] == "| S1 | 2 | 0.0 % | 50.0 % | 0.00 % | 41.67 % |"
    assert rows[-1] == "| all images | 6 | 50.0 % | 66.7 % | - | - |"


def test_ages_are_those_of_the_regressor_of_the_told_stage() -> None:
    errors = ANSWERS.errors()
    assert errors["stage known"] == pytest.approx([2, 8, 30, 40, 50, 30])
    assert errors["DIIBAA"] == pytest.approx([2, 20, 30, 40, 50, 178])
    assert errors["no stages"] is None
    row = ages_table({"F": errors}, PRINTED).splitlines()[-1]
    assert row == "| girls | 53.33 | 33.33 | not trained | 26.67 | 1.06 | 1.33 | 8.86 |"


def test_a_claim_holds_only_where_both_ends_gain_and_is_left_open_without_figures() -> None:
    claims = list(claims_of(ANSWERS).values())
    assert claims[0] == "holds: +50.0, +100.0 points"
    assert claims[3] == "holds of one: +50.0, -100.0 points"
    assert claims[4] == "-"
    assert set(claims_of(Answers(STAGES, ANSWERS.months)).values()) == {"-"}
