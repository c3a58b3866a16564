"""The page about poor images: what it measures, and what it says of what was not trained."""

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from dicom_node.cli import app
from models import registry
from models.degradation.kinds import LEARNT, Kind
from models.evaluation.poor.arrangements import Arrangement, in_front
from models.evaluation.poor.conditions import CLEAN, PAPER, STRANGE, Condition, damaged
from models.evaluation.poor.likeness import likeness, unlearnt
from models.evaluation.poor.measurements import confusion, loss_kept, worsening
from models.evaluation.poor.specification import read_poor_specification
from models.evaluation.poor.tables import arrangements_table, goal_table
from models.phantom.drawing import draw
from tests.support.folder import write_folder
from tests.unit.test_bonet_plus import TINY
from tests.unit.test_degradation import LABEL
from tests.unit.test_quality_training import CLASSIFIER, DIRECT

SPECIFICATION = Path(__file__).parents[2] / "config" / "evaluation" / "bonet_plus.yaml"
PHANTOMS = {"train": 8, "select": 4, "calibrate": 1, "test": 1}


def test_the_shipped_specification_names_recipes_that_are_there() -> None:
    asked = read_poor_specification(SPECIFICATION)
    assert asked.networks.classifier in registry.names()
    runs = [asked.networks.direct, *asked.networks.of_kind.values(), asked.untreated]
    recipes = SPECIFICATION.parents[1] / "training"
    named = [*runs, *asked.losses.values()]
    assert all((recipes / f"{name}.yaml").is_file() or name in registry.names() for name in named)
    assert set(asked.networks.of_kind) == set(LEARNT)
    assert [len(row) for row in asked.printed["mae"].values()] == [4, 4, 5, 4]


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ("in_front: [dust]", "kinds of damage are"),
        ("node: NQ", "node is CQ or DQ, not NQ"),
        ("colour: red", "unknown key 'colour' of PoorSpecification"),
    ],
)
def test_a_fault_in_a_specification_is_named_with_its_file(line: str, fault: str, tmp_path: Path) -> None:
    kept = [each for each in SPECIFICATION.read_text().splitlines() if not each.startswith(("in_front", "node:"))]
    path = tmp_path / "wrong.yaml"
    path.write_text("\n".join([*kept, line]))
    with pytest.raises(ValueError, match=rf"wrong\.yaml: {fault}"):
        read_poor_specification(path)


def test_the_columns_are_the_paper_s_and_then_what_nothing_was_trained_on() -> None:
    assert [condition.name for condition in PAPER] == ["high quality", "noise", "label", "low-resolution", "all three"]
    assert not {kind for condition in STRANGE for kind in condition.kinds} & set(LEARNT)


def test_the_measured_damage_is_the_same_each_time() -> None:
    images = [(LABEL, draw(120, "F", seed=1, height=100, width=100).pixels)]
    first, second = (damaged(images, PAPER[-1])[0] for _ in range(2))
    assert np.array_equal(first, second)
    assert np.array_equal(damaged(images, CLEAN)[0], images[0][1])


def test_worsening_and_what_is_left_of_it_are_those_of_the_mean_error() -> None:
    clean, poor, better = np.array([1.0, 3.0]), np.array([2.0, 4.0]), np.array([1.0, 3.5])
    assert worsening(clean, poor) == pytest.approx(50)
    assert loss_kept(clean, poor, better) == pytest.approx(0.25)


def test_the_node_puts_the_improved_reading_in_front_for_the_kinds_of_the_file_alone() -> None:
    assert in_front(np.array([0, 1, 2, 3]), (Kind.NOISE, Kind.LOW_RESOLUTION)).tolist() == [False, True, False, True]


def test_classes_are_counted_in_rows_of_what_is_true() -> None:
    table = confusion({0: np.array([0, 0, 1]), 1: np.array([1])}, 2)
    assert table.tolist() == [[2, 1], [0, 1]]


def test_tables_have_a_row_an_arrangement_and_say_what_was_not_trained() -> None:
    clean, poor = np.array([1.0, 3.0]), np.array([4.0, 8.0])
    errors = {(Arrangement.PLAIN, "high quality"): clean, (Arrangement.PLAIN, "noise"): poor}
    errors[Arrangement.DQ, "noise"] = np.array([2.0, 4.0])
    lines = arrangements_table(errors, PAPER[:2], "MAE").splitlines()
    assert lines[2:4] == [
        "| as they are | 2.00 [1.00, 3.00] | 6.00 [4.00, 8.00] |", "| CQ | not trained | not trained |",
    ]  # fmt: skip
    assert lines[4] == "| DQ | not trained | 3.00 [2.00, 4.00] |"
    assert goal_table(errors, PAPER[:2]).splitlines()[-1] == (
        "| noise | 4.00 [3.00, 5.00] | +200 % | - | 25 % [20, 33] | - |"
    )


@pytest.mark.parametrize(
    ("condition", "name"), [*zip(PAPER[1:4], ["non-local means", "inpainting", "bicubic"], strict=True)]
)
def test_what_learnt_nothing_makes_poor_images_more_like_the_clean_ones(condition: Condition, name: str) -> None:
    clean = [draw(120, "F", seed=seed, height=200, width=200).pixels for seed in (1, 2)]
    poor = damaged([(LABEL, pixels) for pixels in clean], condition)
    found = unlearnt(condition, poor, clean)
    assert found is not None
    assert found[0] == name
    before, after = (likeness(images, clean, 96) for images in (poor, found[1]))
    assert after[0] > before[0] - 0.5
    assert likeness(clean, clean, 96) == pytest.approx((100, 1), abs=1e-4)
    assert unlearnt(PAPER[-1], poor, clean) is None


def test_the_page_is_written_by_the_command_with_what_there_is(tmp_path: Path) -> None:
    runs, folder = tmp_path / "runs", write_folder(tmp_path / "data", {8: 8, 19: 9, 29: 9})
    _train(runs, "reader", {
        "architecture": "bonet_plus", "parameters": TINY, "phases": [{"epochs": 1, "size": 32}], "phantoms": PHANTOMS,
    })  # fmt: skip
    for name, recipe in (("classifier", CLASSIFIER), ("direct", DIRECT)):
        _train(runs, name, {**dataclasses.asdict(recipe), "augmentation": {}, "phantoms": PHANTOMS, "epochs": 1})
    document = tmp_path / "tiny.yaml"
    document.write_text(
        "title: Tiny\npaper: Guo et al. 2020\nnetworks: {classifier: classifier, direct: direct, of_kind: {noise: n}}\n"
        "readers: {Tiny: reader}\nuntreated: none\nlosses: {MAE: reader, MSE: none}\n"
        "remarks: [Tiny networks learn little.]\n"
    )
    options = ["--runs", str(runs), "--data", str(folder), "--output", str(tmp_path / "page"), "--fold", "9"]
    page = [_said("evaluate-quality", str(document), *options) and (tmp_path / "page.md").read_text() for _ in range(2)]
    assert page[0].count("| CQ | not trained |") == 3
    assert "| MSE | not trained | - | - | - |" in page[0]
    assert "2 images of fold 9" in page[0]
    assert "## What agrees with the paper, and what does not\n\n- Tiny networks learn little.\n" in page[0]
    costs = "## Cost"
    assert page[0].split(costs)[0] == page[1].split(costs)[0]
    shown = {line.split("(page/")[1][:-1] for line in page[0].splitlines() if line.startswith("![")}
    assert shown == {"losses.png", "tiny-ccs.png", "examples.png"} == {p.name for p in (tmp_path / "page").iterdir()}


def _train(runs: Path, name: str, document: dict[str, object]) -> None:
    runs.mkdir(exist_ok=True)
    (runs / f"{name}.yaml").write_text(json.dumps({**document, "name": name}))
    _said("train", str(runs / f"{name}.yaml"), "--output", str(runs / name), "--device", "cpu")


def _said(*command: str) -> str:
    result = CliRunner().invoke(app, list(command))
    assert result.exit_code == 0, result.output
    return result.output
