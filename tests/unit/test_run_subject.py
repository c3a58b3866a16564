"""A run folder is measured as packaged weights are."""

import hashlib
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch

from models.data.radiographs import decode_radiographs, labels_of
from models.evaluation.plan import Plan
from models.evaluation.readings import read_months
from models.evaluation.run import evaluate_plan
from models.evaluation.run_subject import load_run
from models.evaluation.subject import load_subject
from models.networks import build_network
from models.training.recipe import load_recipe
from tests.support.runs import change_facts, rename, train_for_a_moment, write_radiographs
from tests.support.untrained_weights import write_untrained_weights


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_radiographs(tmp_path_factory.mktemp("data"), test=6, calibrate=0)


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return train_for_a_moment(tmp_path_factory.mktemp("runs") / "tiny", channels=["coarse", "fine"])


@pytest.fixture
def run(trained: Path, tmp_path: Path) -> Path:
    """A copy that may be damaged."""
    return shutil.copytree(trained, tmp_path / "tiny")


def test_a_run_reads_as_its_network_does_at_its_size_with_its_channels(run: Path, data: Path) -> None:
    radiographs, recipe = decode_radiographs(data, labels_of(data)), load_recipe(run / "recipe.yaml")
    subject = load_subject(str(run), directory=None, device="cpu")
    network = build_network(recipe.architecture, recipe.network_parameters)
    network.load_state_dict(torch.load(run / "best.pt", weights_only=True))
    assert np.allclose(subject.read(radiographs), read_months(network, radiographs, 80, channels=recipe.channels))
    assert (subject.name, subject.interval) == ("tiny", None)
    assert subject.sha256 == hashlib.sha256((run / "best.pt").read_bytes()).hexdigest()


def test_runs_and_weights_are_compared_in_one_document(run: Path, data: Path, tmp_path: Path) -> None:
    weights = write_untrained_weights(tmp_path / "weights")
    plan = Plan((str(run), "whole_hand"), activation=True)
    evaluate_plan(plan, data=data, output=tmp_path / "results", weights_directory=weights, device="cpu")
    text = (tmp_path / "results" / "evaluation-fold9.md").read_text()
    assert "## tiny against whole_hand" in text
    assert "## Activation of tiny" in text
    assert hashlib.sha256((run / "best.pt").read_bytes()).hexdigest() in text
    assert (tmp_path / "results" / "tiny-fold9.csv").is_file()


def test_one_run_alone_names_its_files_by_its_folder(run: Path, data: Path, tmp_path: Path) -> None:
    evaluate_plan(Plan((str(run),), by=()), data=data, output=tmp_path / "results", device="cpu")
    assert (tmp_path / "results" / "tiny-fold9.md").is_file()


def test_two_runs_of_one_name_are_refused(run: Path, trained: Path, data: Path) -> None:
    with pytest.raises(ValueError, match="two of the models are named 'tiny'"):
        evaluate_plan(Plan((str(run), str(trained))), data=data, device="cpu")


def test_a_run_that_cannot_be_measured_says_what_to_do(run: Path) -> None:
    change_facts(run, hand_detector={"name": "nobody", "sha256": "0" * 64})
    with pytest.raises(ValueError, match="no weights named 'nobody'"):
        load_run(run)
    (run / "facts.json").write_text("{")
    with pytest.raises(ValueError, match=r"facts\.json: cannot be read .*; train again"):
        load_run(run)
    (run / "best.pt").write_bytes(b"not weights")
    with pytest.raises(ValueError, match=r"best\.pt: damaged, or of another recipe"):
        load_run(run)
    (run / "best.pt").unlink()
    with pytest.raises(ValueError, match=r"best\.pt: not there; a run has it once"):
        load_run(run)
    (run / "recipe.yaml").write_text("name: a\ntask: detection\n")
    with pytest.raises(ValueError, match="a run for detection, which reads no bone age"):
        load_run(run)


def test_weights_of_another_recipe_are_refused(run: Path) -> None:
    path = rename(run, "other") / "recipe.yaml"
    path.write_text(path.read_text().replace("- 8\n", "- 9\n"))
    with pytest.raises(ValueError, match="or of another recipe"):
        load_run(run)
