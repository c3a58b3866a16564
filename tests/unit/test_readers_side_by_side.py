"""The table of all readers: who stands in it, what is measured, and what it says of those that were not trained."""

import json
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from dicom_node.cli import app
from dicom_node.operate.readers.document import Measured, Page, document, figures_table, groups_table
from dicom_node.operate.readers.reading import OfPipeline, OfRun, reader_of, seconds_an_image
from dicom_node.operate.readers.specification import Row, read_readers_specification
from dicom_node.shipped import pipeline_path
from models.data.folder import FolderSource
from models.data.labels import Label
from models.data.radiographs import decode_radiographs, labels_of
from models.evaluation.metrics import By
from models.evaluation.readings import read_with
from models.phantom.drawing import draw
from models.registry import load
from pipelines.spec import load_spec
from tests.support.runs import train_for_a_moment, write_radiographs

CONFIG = Path(__file__).parents[2] / "config"
SPECIFICATION = CONFIG / "evaluation" / "readers.yaml"
LABELS = tuple(Label(n, months, sex, 9) for n, (months, sex) in enumerate([(30, "F"), (100, "M"), (130, "M")]))
ROWS = {"A": Row("none", run="a"), "B": Row("Ren", run="b"), "C": Row("Guo", run="c", waits_for="a GPU")}


def _page(found: dict[str, Measured]) -> Page:
    return Page("All", "dicom-node evaluate-readers", 9, LABELS, ROWS, found)


def _measured(months: list[float], seconds: float) -> Measured:
    return Measured(np.array(months), 4_000, seconds, "ab" * 32)


def test_the_shipped_specification_names_recipes_weights_and_pipelines_that_are_there() -> None:
    asked = read_readers_specification(SPECIFICATION)
    for row in asked.rows.values():
        if row.pipeline is not None:
            names = {step.name for step in load_spec(pipeline_path(row.pipeline)).stages}
            assert set(row.stages) <= names
            assert (CONFIG.parent / row.training.split()[2]).is_file()
        else:
            trained = (CONFIG / "training" / f"{row.run}.yaml").is_file()
            assert trained or (CONFIG.parent / "models" / "weights" / f"{row.run}.json").is_file()
    assert {"none", "Ren et al. 2018", "Guo et al. 2020"} <= {row.paper for row in asked.rows.values()}


@pytest.mark.parametrize(
    ("rows", "fault"),
    [
        ({"X": {"paper": "p"}}, "rows.X: a row names a run or a pipeline"),
        ({"X": {"paper": "p", "run": "r", "pipeline": "q"}}, "rows.X: a row names a run or a pipeline"),
        ({"X": {"paper": "p", "run": "r", "stages": ["bones"]}}, "rows.X: stages are those of a pipeline"),
        ({"X": {"paper": "p", "pipeline": "q"}}, "rows.X: a pipeline's row needs the command"),
        ({"X": {"paper": "p", "run": "r", "colour": 1}}, "rows.X: unknown key 'colour' of Row"),
    ],
)
def test_a_fault_in_a_row_is_named_with_its_file(rows: object, fault: str, tmp_path: Path) -> None:
    path = tmp_path / "wrong.yaml"
    path.write_text(json.dumps({"title": "t", "rows": rows}))
    with pytest.raises(ValueError, match=rf"wrong\.yaml: {fault}"):
        read_readers_specification(path)


def test_figures_are_of_the_images_that_were_read_and_time_is_a_ratio_to_the_fastest() -> None:
    found = {"A": _measured([40, 100, 118], 0.02), "B": _measured([np.nan, 90, 150], 0.05)}
    lines = figures_table(_page(found)).splitlines()[2:]
    first, second = ([cell.strip() for cell in line.split("|")[1:-1]] for line in lines[:2])
    assert first[:3] == ["A", "none", "3"]
    assert first[3].startswith("7.33 [")
    assert first[4:] == ["10.00", "9.02", "100.0 %", "4,000", "1.0"]
    assert (second[2], second[3][:5], second[-1]) == ("2", "15.00", "2.5")
    assert lines[2] == "| C | Guo | - | waits for a GPU | - | - | - | - | - |"


def test_groups_have_a_column_each_and_leave_out_what_was_not_read() -> None:
    page = _page({"A": _measured([40, 100, 118], 0.02), "B": _measured([np.nan, 90, 150], 0.05)})
    assert groups_table(page, By.SEX).splitlines() == [
        "| reader | male (2) | female (1) |", "| --- | --: | --: |", "| A | 6.00 | 10.00 |", "| B | 15.00 | - |",
        "| C | waits for a GPU | waits for a GPU |",
    ]  # fmt: skip
    assert "72-108 months (1)" in groups_table(page, By.AGE)
    text = document(page)
    assert "`dicom-node train config/training/c.yaml --data DIR --output RUNS/c --device cuda`" in text
    assert text.count("`abababababab`") == 2


def test_a_run_reads_from_pixels_as_it_reads_frames_that_were_decoded(tmp_path: Path) -> None:
    folder = write_radiographs(tmp_path / "data", test=3, calibrate=0)
    train_for_a_moment(tmp_path / "runs" / "tiny")
    reader = reader_of(Row("p", run="tiny"), tmp_path / "runs")
    assert isinstance(reader, OfRun)
    labels = labels_of(folder)
    by_id = {label.id: label for label in labels}
    images = sorted(((by_id[n], pixels) for n, pixels in FolderSource(folder).pixels(labels)), key=lambda i: i[0].id)
    expected = read_with(reader.model, decode_radiographs(folder, tuple(label for label, _ in images)))
    assert reader.read(images).tolist() == pytest.approx(expected.tolist())
    assert reader.parameters == sum(p.numel() for p in reader.model.network.parameters())
    assert seconds_an_image(reader.read, images) > 0


def test_a_pipeline_reads_with_its_primary_reader_behind_the_stages_that_it_needs() -> None:
    row = Row("p", pipeline="phantom", stages=("mirror_right",), command="dicom-node train x")
    reader = reader_of(row, Path("runs"))
    assert isinstance(reader, OfPipeline)
    assert [type(stage).__name__ for stage in reader.pipeline.stages] == ["MirrorRight"]
    hand = draw(120, "M", seed=4, height=300, width=260).pixels
    (months,) = reader.read([(LABELS[1], hand)])
    assert abs(months - 120) < 40
    network = load("phantom_whole_hand").network
    assert reader.parameters == sum(parameter.numel() for parameter in network.parameters())


def test_an_image_that_a_pipeline_refuses_is_not_read() -> None:
    row = Row("p", pipeline="phantom", stages=("checks",), command="dicom-node train x")
    reader = reader_of(row, Path("runs"))
    assert reader is not None
    assert np.isnan(reader.read([(LABELS[0], np.zeros((300, 260), np.float32))])).all()


def test_what_is_not_there_is_no_reader(tmp_path: Path) -> None:
    assert reader_of(Row("p", run="nothing"), tmp_path) is None
    levels = Row("p", pipeline="bone_age_levels", stages=("levels",), command="dicom-node train x")
    assert reader_of(levels, tmp_path) is None  # a site's own weights: none ship


def test_the_page_is_written_by_the_command_and_nothing_is_read_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, runs = write_radiographs(tmp_path / "data", test=4, calibrate=2), tmp_path / "runs"
    train_for_a_moment(runs / "tiny")
    path, page = tmp_path / "readers.yaml", tmp_path / "page" / "readers.md"
    rows = {"Tiny": {"paper": "p", "run": "tiny"}, "None": {"paper": "q", "run": "nothing"}}
    path.write_text(json.dumps({"title": "All readers", "rows": rows}))
    command = ["evaluate-readers", str(path), "--runs", str(runs), "--data", str(folder), "--output", str(page)]
    for _ in range(2):
        result = CliRunner().invoke(app, command)
        assert result.exit_code == 0, result.output
        monkeypatch.setattr(OfRun, "read", lambda self, images: np.full(len(images), 500.0))
        text = page.read_text()
        assert text.startswith("# All readers\n\n4 images of fold 9")
        assert "| None | q | - | not trained |" in text
        assert "500" not in text.split("## Not trained")[0]
    assert (runs / "readers" / "tiny-fold9.csv").is_file()
