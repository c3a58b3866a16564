"""An evaluation from a data folder to a folder of results, on a handful of made-up images."""

import csv
import hashlib
import io
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import save

from models.card import INTENDED_USE, TERMS, Card, Interval, write_card
from models.data.labels import Label
from models.data.radiographs import labels_of
from models.evaluation.metrics import By
from models.evaluation.pixels import read_pixels
from models.evaluation.plan import Plan, parse_by, parse_compare, parse_edges
from models.evaluation.run import choose, evaluate, evaluate_plan
from models.networks import build_network

COUNT = 12
TINY = {"widths": [8, 8, 8, 8], "depths": [1, 1, 1, 1]}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder of COUNT squares in fold 9 and one in fold 0."""
    folder = tmp_path_factory.mktemp("site")
    (folder / "rsna299").mkdir()
    rows = [f"{n},{20 + 15 * n},{'FM'[n % 2]},{9 if n < COUNT else 0}" for n in range(COUNT + 1)]
    (folder / "rsna299" / "labels.csv").write_text("id,bone_age_months,sex,fold\n" + "\n".join(rows) + "\n")
    with zipfile.ZipFile(folder / "rsna299" / "images-1of1.zip", "w") as archive:
        for n in range(COUNT + 1):
            pixels = np.random.default_rng(n).integers(0, 80, (60, 60)).astype(np.uint8)
            pixels[20 : 30 + n, 20:40] = 220
            file = io.BytesIO()
            Image.fromarray(pixels).save(file, "PNG")
            archive.writestr(f"{n}.avif", file.getvalue())
    return folder


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two untrained networks, "one" and "two"."""
    folder = tmp_path_factory.mktemp("weights")
    for seed, name in enumerate(("one", "two")):
        torch.manual_seed(seed)
        blob = save({key: value.contiguous() for key, value in build_network("whole_hand", TINY).state_dict().items()})
        (folder / f"{name}.safetensors").write_bytes(blob)
        card = Card(
            name, "1.0.0", hashlib.sha256(blob).hexdigest(), "whole_hand", TINY, 64,
            Interval(0.95, "made up", (), (500.0,)), (0.6, 2.2), "", TERMS, INTENDED_USE,
        )  # fmt: skip
        write_card(card, folder / f"{name}.json")
    return folder


@pytest.fixture(scope="module")
def results(site: Path, weights: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of an evaluation that asks for everything."""
    output = tmp_path_factory.mktemp("results") / "new"
    plan = Plan(("one", "two"), stage_edges_months=(60.0, 120.0), contact_sheet=True, robustness=True, activation=True)
    evaluate_plan(plan, data=site, output=output, weights_directory=weights, device="cpu")
    return output


def test_the_results_hold_documents_tables_and_pictures(results: Path) -> None:
    models = ["scatter.png", "age.png", "bland-altman.png", "activation.png", "contact-sheet.png"]
    expected = {f"{name}-fold9-{kind}" for name in ("one", "two") for kind in models}
    expected |= {"one-fold9.csv", "two-fold9.csv"}
    expected |= {"evaluation-fold9.md", "evaluation-fold9-figures.csv", "evaluation-fold9-ccs.png"}
    assert {path.name for path in results.iterdir()} == expected
    for path in results.glob("*.png"):
        assert np.asarray(Image.open(path)).std() > 5


def test_every_table_of_the_document_has_images_hash_and_command_above_it(results: Path, weights: Path) -> None:
    text = (results / "evaluation-fold9.md").read_text()
    parts = text.split("\n\n")
    tables = [n for n, part in enumerate(parts) if part.startswith("|") or "| label \\ read" in part]
    sha256 = hashlib.sha256((weights / "two.safetensors").read_bytes()).hexdigest()
    assert len(tables) == 8
    for n in tables:
        above = " ".join(parts[n - 2 : n])
        assert f"{COUNT} images" in above
        assert "Weights sha256" in above
        assert "Command: `dicom-node evaluate one two --data DIR --fold 9 --stages 60,120 " in above
    assert sha256 in text


def test_the_document_names_what_it_measured_and_links_no_contact_sheet(results: Path) -> None:
    text = (results / "evaluation-fold9.md").read_text()
    for title in ("one against two", "Robustness of two", "Activation of one", "Side by side"):
        assert f"## {title}" in text
    assert "inside the 95% interval: 100.0% (made up)" in text
    assert "(one-fold9-scatter.png)" in text
    assert "contact-sheet.png" not in text


def test_the_figures_follow_from_the_readings(results: Path) -> None:
    with (results / "one-fold9.csv").open() as file:
        errors = [abs(float(row["read_months"]) - float(row["bone_age_months"])) for row in csv.DictReader(file)]
    with (results / "evaluation-fold9-figures.csv").open() as file:
        row = next(row for row in csv.DictReader(file) if row["model"] == "one" and row["group"] == "all")
    assert len(errors) == int(row["count"]) == COUNT
    assert float(row["mae"]) == pytest.approx(np.mean(errors), abs=0.01)


def test_one_model_alone_is_measured_without_a_folder(
    site: Path, weights: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = evaluate("one", data=site, limit=5, weights_directory=weights, device="cpu")
    assert rows[0].count == 5
    printed = capsys.readouterr().out
    assert "# one 1.0.0 on fold 9" in printed
    assert "`dicom-node evaluate one --data DIR --fold 9 --limit 5`" in printed


def test_a_contact_sheet_is_not_written_unless_asked_for(site: Path, weights: Path, tmp_path: Path) -> None:
    evaluate("one", data=site, output=tmp_path, weights_directory=weights, device="cpu")
    assert (tmp_path / "one-fold9.md").exists()
    assert (tmp_path / "one-fold9.csv").exists()
    assert not list(tmp_path.glob("*contact*"))


def test_a_contact_sheet_without_a_folder_for_it_is_refused(site: Path, weights: Path) -> None:
    with pytest.raises(ValueError, match="--contact-sheet needs --output"):
        evaluate_plan(Plan(("one",), contact_sheet=True), data=site, weights_directory=weights, device="cpu")


def test_an_empty_fold_is_named(site: Path, weights: Path) -> None:
    with pytest.raises(ValueError, match="no radiographs in fold 3"):
        evaluate("one", data=site, fold=3, weights_directory=weights, device="cpu")


def test_a_limit_always_takes_the_same_images(site: Path) -> None:
    labels = labels_of(site)
    few = choose(labels, 9, 4)
    assert few == choose(labels[::-1], 9, 4)
    assert set(few) < set(choose(labels, 9, 5))


def test_images_are_read_as_they_came_in_the_order_of_their_labels(site: Path) -> None:
    labels = labels_of(site)[3:1:-1]
    images = read_pixels(site, labels)
    assert [int((image == 220).sum()) for image in images] == [13 * 20, 12 * 20]


def test_missing_images_are_counted(site: Path) -> None:
    with pytest.raises(ValueError, match="1 labelled images are missing, among them 99"):
        read_pixels(site, (Label(99, 50.0, "F", 9),))
    with pytest.raises(ValueError, match=r"labels\.csv: damage is measured on a data folder"):
        read_pixels(site / "rsna299" / "labels.csv", ())


def test_a_plan_says_the_command_that_repeats_it() -> None:
    plan = Plan(("a", "b"), 8, (By.SEX,), (("b", "a"),), (36.0, 72.5), 10, contact_sheet=True)
    assert plan.command == (
        "dicom-node evaluate a b --data DIR --fold 8 --by sex --compare b a --stages 36,72.5 --limit 10 --contact-sheet"
    )


def test_models_are_compared_with_the_last_unless_a_pair_is_named() -> None:
    assert Plan(("a", "b", "c")).pairs == (("a", "c"), ("b", "c"))
    assert Plan(("a", "b", "c"), compare=(("b", "a"),)).pairs == (("b", "a"),)
    assert Plan(("a",)).pairs == ()


def test_a_plan_that_makes_no_sense_is_refused() -> None:
    with pytest.raises(ValueError, match="'a' is named twice"):
        Plan(("a", "a"))
    with pytest.raises(ValueError, match="'c' is not among the models measured: a, b"):
        Plan(("a", "b"), compare=(("a", "c"),))


def test_options_are_read_or_refused_with_what_is_allowed() -> None:
    assert parse_by("sex,age") == (By.SEX, By.AGE)
    assert parse_by("none") == ()
    assert parse_edges("36,72") == (36.0, 72.0)
    assert parse_compare(("a", "b")) == (("a", "b"),)
    with pytest.raises(ValueError, match="--by is sex, age"):
        parse_by("height")
    with pytest.raises(ValueError, match="commas between"):
        parse_edges("a")
    with pytest.raises(ValueError, match="must rise"):
        parse_edges("72,36")
