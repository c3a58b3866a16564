"""The page about ages as classes: its tables, the claim about edges, and what it says of what was not trained."""

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from dicom_node.cli import app
from models.evaluation.intervals.edges import distance_to_edge, edge_gain
from models.evaluation.intervals.measurements import Told
from models.evaluation.intervals.specification import Cell, read_interval_specification
from models.evaluation.intervals.tables import accuracy_table, ages_table, chain_table, commonest_lines
from models.evaluation.stages import confuse, confusion_of, stage_names
from models.interval_net.chain import Chain
from models.interval_net.scale import AgeScale, Cut, Intervals
from models.training.changes import parse_changes
from models.training.interval_net_recipe import load_interval_recipe
from tests.support.folder import write_folder
from tests.unit.test_interval_net_training import TINY

CONFIG = Path(__file__).parents[2] / "config"
SPECIFICATION = CONFIG / "evaluation" / "interval_net.yaml"
SCALE = AgeScale((0, 100, 200), (60, 150))
LOG: tuple[dict[str, float], ...] = (
    {"epoch": 1, "of": 2, "train_accuracy": 0.5, "select_accuracy": 0.4, "train_loss": 1.0, "select_loss": 0.9},
    {"epoch": 2, "of": 2, "train_accuracy": 0.8, "select_accuracy": 0.7, "train_loss": 0.7, "select_loss": 0.6},
)


def _told(classes: list[int], labelled: list[float]) -> Told:
    ages = np.array(labelled)
    read = np.array(classes)
    return Told("0" * 64, SCALE, read, SCALE.classes_of(ages), np.where(read, 150.0, 60.0), ages, LOG, 1234)


def test_the_shipped_specification_names_recipes_and_their_changes() -> None:
    asked = read_interval_specification(SPECIFICATION)
    cells = list(asked.cells())
    assert len(cells) == 3 * 2 * 4 * 2 == len({cell.run for cell in cells})
    for each in (*cells, *asked.chain.values()):
        words = each.command.split()
        recipe = CONFIG.parent / words[2]
        changes = parse_changes([words[n + 1] for n, word in enumerate(words) if word == "--set"])
        assert load_interval_recipe(recipe, changes).name == each.run
    assert set(asked.shown) <= {cell.run for cell in cells}
    assert (CONFIG / "training" / f"{asked.reader}.yaml").is_file()
    assert {count: len(rows) for count, rows in asked.printed.items()} == {3: 4, 5: 4, 10: 4}


def test_a_cell_s_command_is_its_recipe_with_its_classes_and_the_chain_s_rows_switch_their_steps_off() -> None:
    cell = Cell("Resnet", "resnet", Intervals(3, Cut.EQUAL_COUNT), False)
    changes = parse_changes([word for word in cell.command.split() if "=" in word])
    recipe = load_interval_recipe(CONFIG / "training" / "interval_net.resnet.slim.yaml", changes)
    assert (recipe.intervals, recipe.parameters["sex"]) == (Intervals(3, Cut.EQUAL_COUNT), False)
    asked = read_interval_specification(SPECIFICATION)
    assert [row.without for row in asked.chain.values()][1:-1] == [(step,) for step in Chain().steps]


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ("cuts: [even]", "intervals.cut is equal_width or equal_count"),
        ("colour: red", "unknown key 'colour' of IntervalSpecification"),
        ("chain: {whole: {runs: x}}", "unknown key 'runs' of Ablation"),
    ],
)
def test_a_fault_in_a_specification_is_named_with_its_file(line: str, fault: str, tmp_path: Path) -> None:
    path = tmp_path / "wrong.yaml"
    kept = SPECIFICATION.read_text() if line.startswith("colour") else _without(line.partition(":")[0])
    path.write_text(f"{kept}\n{line}\n")
    with pytest.raises(ValueError, match=rf"wrong\.yaml: {fault}"):
        read_interval_specification(path)


def _without(key: str) -> str:
    lines, inside = [], False
    for line in SPECIFICATION.read_text().splitlines():
        inside = line.startswith(f"{key}:") or (inside and line.startswith(" "))
        lines += [] if inside else [line]
    return "\n".join(lines)


def test_an_accuracy_row_has_ours_of_the_kept_epoch_and_the_paper_s() -> None:
    cells = [Cell("Resnet", network, Intervals(3), True) for network in ("resnet", "custom")]
    found = {cells[0].run: _told([0, 0, 1, 1], [50, 150, 150, 190]), cells[1].run: None}
    printed = {3: {"Resnet": ("85.72", "84.36")}}
    lines = accuracy_table(cells, found, printed, fold=9).splitlines()
    assert lines[2] == "| 3 | Resnet | 80.0 | 70.0 | 75.0 | 35.00 | 1,234 | 85.72 | 84.36 |"
    assert lines[3] == "| 3 | Resnet | not trained | - | - | - | - | 85.72 | 84.36 |"


def test_the_commonest_class_is_that_of_the_images() -> None:
    cell = Cell("Resnet", "resnet", Intervals(2), True)
    lines = commonest_lines([cell], {cell.run: _told([0, 0, 0, 0], [50, 150, 150, 190])})
    assert lines == ["Always the commonest class of these images would be right for 75.0 % of 2 classes."]
    assert commonest_lines([cell], {cell.run: None}) == []


def test_the_gain_at_the_edges_is_that_of_the_images_near_them() -> None:
    ages = [95.0, 105.0, 97.0, 20.0, 30.0, 180.0]
    with_sex, without = _told([0, 1, 0, 0, 0, 1], ages), _told([1, 0, 0, 0, 0, 1], ages)
    gain = edge_gain(with_sex, without, 6)
    assert gain is not None
    assert (gain.near, gain.far) == (3, 3)
    assert gain.near_gain.value == pytest.approx(200 / 3)
    assert gain.far_gain.value == 0
    assert gain.difference.low <= gain.difference.value <= gain.difference.high
    assert edge_gain(with_sex, without, 500) is None
    assert distance_to_edge(np.array([90.0, 130.0]), (0, 100, 200)).tolist() == [10, 30]


def test_rows_of_the_chain_and_of_ages_say_what_was_not_trained() -> None:
    asked = read_interval_specification(SPECIFICATION)
    whole = next(iter(asked.chain.values())).run
    lines = chain_table(asked.chain, {whole: _told([0, 1], [50, 150])}, fold=9).splitlines()
    assert lines[2] == "| whole | 80.0 | 70.0 | 100.0 | 5.00 | - |"
    assert lines[3].startswith("| without the bilateral filter | not trained |")
    assert ages_table({"a": np.array([2.0, 14.0]), "b": None}).splitlines()[2:] == [
        "| a | 8.00 | 8.00 | 50.0 % |", "| b | not trained | - | - |",
    ]  # fmt: skip


def test_confusion_of_classes_is_that_of_ages_where_both_can_be_had() -> None:
    edges, read, true = [60.0, 120.0], np.array([10.0, 70, 130, 70]), np.array([10.0, 70, 70, 130])
    first = confuse(read, true, edges)
    second = confusion_of(np.array([0, 1, 2, 1]), np.array([0, 1, 1, 2]), stage_names(edges))
    assert np.array_equal(first.counts, second.counts)
    assert first.accuracy == second.accuracy


def test_the_page_is_written_by_the_command_and_read_again_from_what_is_kept(tmp_path: Path) -> None:
    runs, folder = tmp_path / "runs", write_folder(tmp_path / "data", {8: 8, 19: 9, 29: 9})
    cell = Cell("Custom", "custom", Intervals(3), True)
    for run, changes in ((cell.run, {}), ("interval_net.custom.3.equal_width.no_sex", {"sex": False})):
        _train(runs, run, {**TINY, "epochs": 1, "parameters": {**TINY["parameters"], **changes}})  # type: ignore[dict-item]
    document = tmp_path / "tiny.yaml"
    document.write_text(json.dumps({
        "title": "Tiny", "paper": "Hamrouni and Hassen", "networks": {"Custom": "custom"}, "counts": [3],
        "cuts": ["equal_width", "equal_count"], "chain": {"whole": {"run": cell.run}, "none": {"run": "n"}},
        "shown": [cell.run, "n"], "edge_months": 6, "reader": cell.run, "beside": ["nothing"],
    }))  # fmt: skip
    options = ["--runs", str(runs), "--data", str(folder), "--output", str(tmp_path / "page"), "--fold", "9"]
    _said("evaluate-intervals", str(document), *options)
    first = (tmp_path / "page.md").read_text()
    assert "2 images of fold 9" in first
    assert first.count("| 3 | Custom | not trained |") == 2
    assert "| nothing | not trained |" in first
    assert "interval_net.custom.3.equal_count.sex --set name=" in first
    assert {path.name for path in (tmp_path / "page").iterdir()} == {
        f"{cell.run}-accuracy.png", f"{cell.run}-loss.png",
    }  # fmt: skip
    assert "`n`: not trained." in first
    assert "would be right for 100.0 % of 3 classes" in first
    assert (runs / cell.run / "classes-fold9.csv").is_file()
    _said("evaluate-intervals", str(document), *options)
    assert (tmp_path / "page.md").read_text() == first


def _train(runs: Path, name: str, document: dict[str, object]) -> None:
    runs.mkdir(exist_ok=True)
    (runs / f"{name}.yaml").write_text(json.dumps({**document, "name": name}))
    _said("train", str(runs / f"{name}.yaml"), "--output", str(runs / name), "--device", "cpu")


def _said(*command: str) -> str:
    result = CliRunner().invoke(app, list(command))
    assert result.exit_code == 0, result.output
    return result.output


def test_a_told_row_is_of_the_epoch_with_the_lowest_cross_entropy() -> None:
    told = _told([0, 1], [50, 150])
    assert dataclasses.replace(told, rows=(*LOG, {"epoch": 3, "select_loss": 2.0})).best is LOG[1]
