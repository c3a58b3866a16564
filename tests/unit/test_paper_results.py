"""The results document of a paper's system: from tiny runs to a page, and back from what is kept beside them."""

import csv
import json
import re
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
import yaml
from typer.testing import CliRunner

from dicom_node.cli import app
from models.card import Interval
from models.data.labels import Label
from models.data.radiographs import labels_of
from models.evaluation.paper import measurements as reading
from models.evaluation.paper.coverage import Read, coverage_section
from models.evaluation.paper.kept import kept_maps, kept_values
from models.evaluation.paper.origin import Origin
from models.evaluation.paper.run import write_results
from models.evaluation.paper.specification import Specification, read_specification
from models.evaluation.paper.training import Training, read_training
from models.evaluation.paper.transfer import require_own_rows
from tests.support.readers import CARD
from tests.support.runs import train_for_a_moment, write_radiographs
from tests.support.untrained_weights import write_untrained_weights

CONFIG = Path(__file__).parents[2] / "config"
SHIPPED = CONFIG / "evaluation" / "regression_cnn.yaml"
COUNT = 12
IMAGES = 3
"""Of site B in the only column of the simulation."""
S1, S5, FINER = "regression_cnn.s1.slim", "regression_cnn.s5.slim", "regression_cnn.s5.224px.slim"
SITE_A, SITE_B = "regression_cnn.table5.site_a.slim", "regression_cnn.table5.site_b.slim"


@pytest.fixture(scope="module")
def specification(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The shipped one, but for a single small number of images in the simulation."""
    folder = tmp_path_factory.mktemp("config")
    (folder / "training").symlink_to(CONFIG / "training")
    (folder / "evaluation").mkdir()
    text = SHIPPED.read_text(encoding="utf-8")
    path = folder / "evaluation" / "regression_cnn.yaml"
    path.write_text(re.sub(r"  images: \[\d+, .*?\]      ", f"  images: [{IMAGES}]", text), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_radiographs(tmp_path_factory.mktemp("data"), test=COUNT)


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_untrained_weights(tmp_path_factory.mktemp("weights"))


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Runs of S1, S5, of S5 gone on with, and of the simulation."""
    runs = tmp_path_factory.mktemp("runs")
    train_for_a_moment(runs / S1)
    train_for_a_moment(runs / S5, channels=["coarse", "fine"], seed=2)
    train_for_a_moment(runs / FINER, channels=["coarse", "fine"], seed=2, start_from=str(runs / S5))
    train_for_a_moment(runs / SITE_A, seed=3)
    train_for_a_moment(runs / f"{SITE_B}.random-{IMAGES}", images=IMAGES)
    train_for_a_moment(runs / f"{SITE_B}.transferred-{IMAGES}", images=IMAGES, start_from=str(runs / SITE_A))
    return runs


@pytest.fixture(scope="module")
def page(
    specification: Path, data: Path, weights: Path, trained: Path, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    output = tmp_path_factory.mktemp("results") / "regression-cnn"
    return write_results(specification, runs=trained, data=data, output=output, weights_directory=weights, device="cpu")


def _tables(text: str) -> list[list[str]]:
    """Cells of every line of every table, heads and rules too."""
    return [[cell.strip() for cell in line.split("|")[1:-1]] for line in text.splitlines() if line.startswith("|")]


def _rows(page: Path, first: str) -> list[list[str]]:
    return [row for row in _tables(page.read_text(encoding="utf-8")) if row[0] == first]


def _errors(run: Path) -> list[float]:
    with (run / "readings-fold9.csv").open() as file:
        return [abs(float(row["read_months"]) - float(row["bone_age_months"])) for row in csv.DictReader(file)]


def test_every_table_of_ours_has_images_hashes_and_command_above_it(page: Path) -> None:
    parts = page.read_text(encoding="utf-8").split("\n\n")
    tables = [n for n, part in enumerate(parts) if part.startswith("|")]
    lists = [n for n in tables if parts[n].startswith(("| run | command", "| run | sha256"))]
    ours = [n for n in tables if "As printed" not in parts[n - 1] and n not in lists]
    assert (len(lists), len(ours)) == (2, 9)
    for n in ours:
        above = " ".join(parts[max(0, n - 2) : n])
        assert "Command: `dicom-node evaluate-runs config/evaluation/regression_cnn.yaml --runs RUNS" in above
        assert "Weights sha256: " in above
        assert f"{COUNT} images" in above


def test_a_row_has_our_figures_and_the_printed_ones(page: Path, trained: Path) -> None:
    errors, of_s5 = _errors(trained / S1), _errors(trained / S5)
    overall = _rows(page, "S1")[0]
    assert overall[1] == f"{np.mean(errors):.2f} ± {np.std(errors, ddof=1):.2f}"
    assert overall[3] == str(COUNT)
    assert overall[6:] == ["6.0 ± 6.1", "1.43e-06"]
    assert 0 <= float(overall[4]) <= 1
    assert _rows(page, "S5")[0][1] == f"{np.mean(of_s5):.2f} ± {np.std(of_s5, ddof=1):.2f}"


def test_what_was_not_trained_is_a_cell_and_a_command_and_no_error(page: Path) -> None:
    assert _rows(page, "S2")[0][1:3] == ["not trained", "-"]
    assert _rows(page, "ResNet-50")[0][4] == "not trained"
    commands = {row[0]: row[1] for row in _tables(page.read_text(encoding="utf-8")) if row[0].startswith("`regr")}
    assert commands["`regression_cnn.s2.slim`"].startswith("`dicom-node train config/training/regression_cnn.s2.slim")
    assert "--device cuda" in commands["`regression_cnn.s2.paper`"]
    assert not commands[f"`{S1}`"].startswith("`dicom-node")


def test_an_architecture_has_its_size_as_printed_as_built_and_as_trained(page: Path) -> None:
    assert _rows(page, "Inception-V3")[0][1:4] == ["24,850,841", "24,868,057", "1,565,705"]
    assert _rows(page, "DenseNet-121")[0][1:4] == ["9,090,297", "9,006,649", "582,593"]


def test_a_configuration_gone_on_with_is_a_row_of_the_hiding_check(page: Path, trained: Path) -> None:
    errors = _errors(trained / FINER)
    row = _rows(page, "S5, 224 px")[0]
    assert row[1:4] == [f"{np.mean(errors):.2f} ± {np.std(errors, ddof=1):.2f}", "224", "5 x 5"]
    assert float(row[4]) >= 0
    assert _rows(page, "S1, 224 px")[0][1:4] == ["not trained", "224", "5 x 5"]
    commands = {row[0]: row[1] for row in _tables(page.read_text(encoding="utf-8"))}
    assert f"--from RUNS/{S1} " in commands["`regression_cnn.s1.224px.slim`"]


def test_the_transfer_is_called_a_simulation_and_names_its_sites(page: Path, trained: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert "**A simulation on one data set, not two hospitals.** Site A is folds 0-3, site B folds 4-7" in text
    random, transferred = (trained / f"{SITE_B}.{way}-{IMAGES}" for way in ("random", "transferred"))
    for way, run in (("random", random), ("transferred", transferred)):
        assert _rows(page, f"{way}: MAE ± SD, months")[0][1].startswith(f"{np.mean(_errors(run)):.2f}")


def test_the_page_links_pictures_that_were_drawn(page: Path) -> None:
    links = re.findall(r"\]\((regression-cnn/[^)]+)\)", page.read_text(encoding="utf-8"))
    names = {"ccs.png", "curves.png", f"activation-{S5}.png", f"activation-{FINER}.png"}
    assert {Path(link).name for link in links} == names
    assert {path.name for path in page.with_suffix("").iterdir()} == {*names, "figures.csv", "runs"}
    with (page.with_suffix("") / "figures.csv").open() as file:
        assert {row["model"] for row in csv.DictReader(file)} >= {S1, S5, SITE_A}


def test_what_was_read_once_is_not_read_again_and_gives_the_same_page(
    page: Path, specification: Path, data: Path, weights: Path, trained: Path, monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:  # fmt: skip
    for name in ("read_with", "hiding_changes", "read_maps"):
        monkeypatch.setattr(reading, name, None)
    again = write_results(
        specification, runs=trained, data=data, output=tmp_path / "regression-cnn", weights_directory=weights,
        device="cpu",
    )  # fmt: skip
    assert again.read_text(encoding="utf-8") == page.read_text(encoding="utf-8")


def test_weights_that_changed_are_read_again(page: Path, trained: Path, data: Path, tmp_path: Path) -> None:
    runs = shutil.copytree(trained, tmp_path / "runs")
    state = torch.load(runs / S1 / "best.pt", weights_only=True)
    state["head.output.bias"] += 1
    torch.save(state, runs / S1 / "best.pt")
    images = reading.Images(data, tuple(label for label in labels_of(data) if label.fold == 9))
    fresh = reading.Measurements(runs, images, 9, directory=None, device="cpu").read(S1)
    before = reading.Measurements(trained, images, 9, directory=None, device="cpu").read(S1)
    assert fresh.sha256 != before.sha256
    assert np.abs(fresh.months - before.months).min() > 1


def test_without_a_single_run_the_page_is_written_with_no_pictures(
    specification: Path, data: Path, weights: Path, tmp_path: Path
) -> None:
    (tmp_path / "runs").mkdir()
    arguments = ["evaluate-runs", str(specification), "--runs", str(tmp_path / "runs"), "--data", str(data)]
    options = ["--output", str(tmp_path / "out"), "--weights-directory", str(weights), "--limit", "5"]
    result = CliRunner().invoke(app, [*arguments, *options])
    assert result.exit_code == 0, result.output
    text = (tmp_path / "out.md").read_text(encoding="utf-8")
    assert "--fold 9 --limit 5 --output OUTPUT" in text
    assert "![" not in text
    assert "| S5 | not trained |" in text
    assert list((tmp_path / "out").iterdir()) == []


def test_a_run_in_the_wrong_cell_of_the_simulation_is_refused() -> None:
    asked = read_specification(SHIPPED).transfer
    images, none = asked.images[0], np.zeros(0)

    def run(sha256: str, trained_on: int, start: str | None) -> reading.Measured:
        training = Training((), 1, "", 1, trained_on, "", start)
        return reading.Measured(Path("runs/a"), sha256, none, none, training)

    right = {"source": run("a", 5000, None), f"random {images}": run("b", images, None)}
    right[f"transferred {images}"] = run("c", images, "a")
    require_own_rows(asked, right)
    with pytest.raises(ValueError, match=rf"runs/a: trained on 7 images, not {images}; train it again"):
        require_own_rows(asked, {**right, f"random {images}": run("b", 7, None)})
    with pytest.raises(ValueError, match="began with None, its row with a"):
        require_own_rows(asked, {**right, f"transferred {images}": run("c", images, None)})


def test_the_shipped_specification_names_recipes_that_there_are() -> None:
    asked = read_specification(SHIPPED)
    names = {name for row in asked.rows for name in (row.run, row.paper)} | {
        asked.transfer.source,
        asked.transfer.recipe,
    }
    assert all(asked.recipe(name).is_file() for name in names)


def test_the_transcribed_groups_of_table_iii_add_up_to_its_overall_figures() -> None:
    asked = read_specification(SHIPPED).configurations
    counts = np.array([int(n) for sex in ("male", "female") for n in asked.printed_images[sex]])
    assert counts.sum() == int(asked.printed_images["all"][0])
    for row in asked.rows.values():
        maes = np.array([float(cell.split()[0]) for sex in ("male", "female") for cell in row.printed[sex]])
        assert (maes * counts).sum() / counts.sum() == pytest.approx(float(row.printed["all"][0].split()[0]), abs=0.06)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("paper: Ren et al. 2018", "papers: Ren et al. 2018"), r"wrong\.yaml:\d+: paper: is missing"),
        (("reference: S5 ", "reference: S6 "), r"configurations\.reference: 'S6' is no row; rows: S1, S2"),
        (("drawn: [S5,", "drawn: [S9,"), r"maps\.drawn: 'S9' is no row"),
        (("[4.4 ± 3.7, 6.7 ± 5.9, ", "[6.7 ± 5.9, "), r"rows\.S5\.male: must be a list of 6"),
        (("      parameters: 9090297", "      parameter: 9090297"), r"DenseNet-121\.parameter: unknown key"),
    ],
)
def test_a_fault_of_a_specification_is_named_by_file_line_and_key(
    change: tuple[str, str], message: str, tmp_path: Path
) -> None:
    path = tmp_path / "wrong.yaml"
    path.write_text(SHIPPED.read_text(encoding="utf-8").replace(*change), encoding="utf-8")
    with pytest.raises(ValueError, match=message):
        read_specification(path)


def test_the_log_of_a_training_that_was_stopped_counts_an_epoch_once(trained: Path, tmp_path: Path) -> None:
    run = shutil.copytree(trained / S1, tmp_path / "run")
    rows = [(1, 64, 9.0), (2, 80, 30.0), (2, 80, 20.0), (3, 80, 25.0)]
    log = [{"epoch": n, "of": 4, "size": size, "select_mae": mae, "seconds": 60.0} for n, size, mae in rows]
    (run / "log.jsonl").write_text("\n".join(map(json.dumps, log)) + "\n")
    training = read_training(run)
    assert [epoch.number for epoch in training.epochs] == [1, 2, 3]
    assert (training.best.number, training.best.select_mae) == (2, 20.0)
    assert (training.minutes, training.of) == (3.0, 4)
    (run / "log.jsonl").write_text("{}\n")
    with pytest.raises(ValueError, match=r"log\.jsonl: not the log of a training"):
        read_training(run)


LABELS = tuple(Label(n, 60.0 + n, "FM"[n % 2], 9) for n in range(4))


def test_only_images_that_are_not_kept_are_computed(tmp_path: Path) -> None:
    asked: list[tuple[int, ...]] = []

    def compute(labels: tuple[Label, ...]) -> list[np.ndarray]:
        asked.append(tuple(label.id for label in labels))
        return [np.array([label.id + 0.12345 for label in labels])]

    path = tmp_path / "kept.csv"
    kept_values(path, "a", LABELS[:2], ["x"], compute)
    (values,) = kept_values(path, "a", LABELS, ["x"], compute)
    assert values.tolist() == [0.123, 1.123, 2.123, 3.123]
    moved = (replace(LABELS[0], bone_age_months=80.0), *LABELS[1:])
    kept_values(path, "a", moved, ["x"], compute)
    kept_values(path, "b", LABELS[:1], ["x"], compute)
    path.write_text("id,weights_sha256\n0,b\n")
    kept_values(path, "b", LABELS[:1], ["x"], compute)
    assert asked == [(0, 1), (2, 3), (0,), (0,), (0,)]


def test_maps_are_kept_for_the_same_images_and_weights(tmp_path: Path) -> None:
    maps, path = np.random.default_rng(0).normal(size=(4, 2, 2)).astype(np.float32), tmp_path / "maps.npz"
    first = kept_maps(path, "a", LABELS, lambda: maps)
    assert np.allclose(first, maps, atol=1e-2)
    assert np.array_equal(kept_maps(path, "a", LABELS, lambda: maps * 0), first)
    assert not kept_maps(path, "b", LABELS, lambda: maps * 0).any()
    assert np.array_equal(kept_maps(path, "b", LABELS[:1], lambda: maps[:1]), first[:1])


def test_coverage_is_counted_before_and_after_a_calibration() -> None:
    generator = np.random.default_rng(0)

    def read(count: int, first: int) -> Read:
        labels = tuple(Label(first + n, float(generator.integers(40, 200)), "FM"[n % 2], 9) for n in range(count))
        truth = np.array([label.bone_age_months for label in labels])
        return Read(labels, truth + 20 + generator.normal(0, 2, count))

    measured, calibrated = read(200, 0), read(200, 1000)
    card = replace(CARD, interval=Interval(0.95, "made up", (), (18.0,)))
    text = coverage_section(Origin("c", "p", 9, measured.labels), card, measured, calibrated)
    everyone = next(row for row in _tables(text) if row[0] == "all")
    before, after = (float(everyone[column].split()[0]) for column in (3, 6))
    assert before == pytest.approx(
        100 * np.mean(measured.months - [x.bone_age_months for x in measured.labels] <= 18), abs=0.1
    )
    assert after > 85 > before
    assert "readings are corrected" in text


def test_a_simulated_site_reads_otherwise_and_its_calibration_takes_that_off() -> None:
    generator = np.random.default_rng(1)

    def read(count: int, first: int) -> Read:
        labels = tuple(Label(first + n, float(generator.integers(40, 200)), "FM"[n % 2], 9) for n in range(count))
        truth = np.array([label.bone_age_months for label in labels])
        return Read(labels, truth + generator.normal(0, 2, count))

    measured, calibrated = read(300, 0), read(300, 1000)
    card = replace(CARD, interval=Interval(0.95, "made up", (), (4.0,)))
    own, site = coverage_section(Origin("c", "p", 9, measured.labels), card, measured, calibrated).split("simulated")
    assert float(next(row for row in _tables(own) if row[0] == "all")[2]) < 2
    row = next(row for row in _tables(site) if row[0] == "all")
    assert float(row[2]) > 6
    assert float(row[5]) < 2
    assert float(row[3].split()[0]) < 40
    assert float(row[6].split()[0]) > 90


def test_the_specification_says_which_runs_a_simulation_has() -> None:
    asked: Specification = read_specification(SHIPPED)
    document = yaml.safe_load(SHIPPED.read_text(encoding="utf-8"))["transfer"]
    assert asked.transfer.random(100) == f"{document['recipe']}.random-100"
    assert asked.transfer.transferred(100) == f"{document['recipe']}.transferred-100"
