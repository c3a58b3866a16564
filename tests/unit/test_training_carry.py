"""A training that is prepared on one machine and run on another, where little is installed."""

import io
import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from models.data import prepared
from models.data.frames import Radiographs
from models.data.labels import Label, Split
from models.data.prepared import read_prepared, write_prepared
from models.training.__main__ import main
from models.training.carry import carry
from models.training.recipe import load_recipe
from tests.support.radiographs import bright_with_age

ROOT = Path(__file__).parents[2]
RECIPE = """name: tiny
architecture: whole_hand
parameters: {widths: [4, 4, 4, 8], depths: [1, 1, 1, 1]}
channels: [coarse]
hand_boxes: hand_detector
phases: [{epochs: 1, size: 32}]
learning_rate: 0.00001
batch_size: 4
bfloat16: false
"""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with an image in each of folds 0 to 9, and of fold 8 one to select and one to calibrate."""
    folder = tmp_path_factory.mktemp("site")
    (folder / "rsna299").mkdir()
    folds = [*range(9), 8, 9]
    frames = bright_with_age(len(folds)).frames
    rows = [f"{n},{20 + 9 * n},{'FM'[n % 2]},{fold}" for n, fold in enumerate(folds)]
    (folder / "rsna299" / "labels.csv").write_text("id,bone_age_months,sex,fold\n" + "\n".join(rows) + "\n")
    with zipfile.ZipFile(folder / "rsna299" / "images-1of1.zip", "w") as archive:
        for n, frame in enumerate(frames):
            file = io.BytesIO()
            Image.fromarray(frame).save(file, "PNG")
            archive.writestr(f"{n}.avif", file.getvalue())
    return folder


@pytest.fixture(scope="module")
def carried(site: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What another machine is given."""
    folder = tmp_path_factory.mktemp("carried")
    (folder / "tiny.yaml").write_text(RECIPE, encoding="utf-8")
    carry([folder / "tiny.yaml"], data=site, output=folder / "out", cache=folder / "cache")
    return folder / "out"


def test_only_what_trains_and_selects_is_carried(carried: Path) -> None:
    radiographs = read_prepared(carried)
    assert sorted(label.fold for label in radiographs.labels) == [0, 1, 2, 3, 4, 5, 6, 7, 8]
    assert [label.split for label in radiographs.labels if label.fold == 8] == [Split.SELECT]


def test_a_carried_recipe_is_the_same_recipe(carried: Path) -> None:
    recipe = load_recipe(carried / "tiny.json")
    assert recipe == load_recipe(carried.parent / "tiny.yaml")
    assert recipe.learning_rate == 1e-5


def test_frames_come_back_as_they_were_from_however_many_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prepared, "SHARD_BYTES", 1)
    radiographs = bright_with_age(3)
    files = write_prepared(radiographs, tmp_path)
    assert [path.name for path in files] == ["labels.csv", "frames-01.zip", "frames-02.zip", "frames-03.zip"]
    again = read_prepared(tmp_path)
    assert again.labels == radiographs.labels
    assert np.array_equal(again.frames, radiographs.frames)
    write_prepared(radiographs.at([0]), tmp_path)
    assert len(list(tmp_path.glob("frames-*.zip"))) == 1


def test_a_zip_file_that_was_left_behind_is_missed(tmp_path: Path) -> None:
    write_prepared(bright_with_age(3), tmp_path)
    (tmp_path / "frames-01.zip").unlink()
    with pytest.raises(ValueError, match=r"frames of 3 labels are missing; bring all frames-\*\.zip"):
        read_prepared(tmp_path)


def test_frames_of_unequal_size_are_refused(tmp_path: Path) -> None:
    write_prepared(bright_with_age(1), tmp_path)
    small = Radiographs((Label(7, 50.0, "F", 0),), np.zeros((1, 10, 10), np.uint8))
    other = tmp_path / "other"
    write_prepared(small, other)
    (other / "frames-01.zip").rename(tmp_path / "frames-02.zip")
    (tmp_path / "labels.csv").write_text("id,bone_age_months,sex,fold\n0,12,F,0\n7,12,M,0\n")
    with pytest.raises(ValueError, match=r"7\.png has \(10, 10\) pixels, others have \(299, 299\)"):
        read_prepared(tmp_path)


def test_a_machine_with_few_packages_trains_on_what_was_carried(carried: Path, tmp_path: Path) -> None:
    program = [sys.executable, str(ROOT / "tests" / "support" / "few_packages.py"), "models.training"]
    options = [str(carried / "tiny.json"), "--frames", str(carried), "--output", str(tmp_path / "run")]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "XDG_CACHE_HOME": str(tmp_path)}
    result = subprocess.run(
        [*program, *options, "--device", "cpu"],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    assert "epoch 1 of 1, 32 px" in result.stdout
    names = {path.name for path in (tmp_path / "run").iterdir()}
    assert names == {
        "recipe.yaml", "facts.json", "log.jsonl", "checkpoint.pt", "best.pt", "metrics.json", "curves.png",
    }  # fmt: skip
    facts = json.loads((tmp_path / "run" / "facts.json").read_text())
    assert (facts["train_images"], facts["select_images"]) == (8, 1)
    assert facts["hand_detector"]["name"] == "hand_detector"
    assert load_recipe(tmp_path / "run" / "recipe.yaml") == load_recipe(carried / "tiny.json")


def test_a_machine_with_few_packages_says_what_is_wrong_in_one_line(
    carried: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "wrong.json").write_text(json.dumps({"name": "a", "architecture": "whole_hand", "fazes": []}))
    arguments = ["--frames", str(carried), "--output", str(tmp_path / "run")]
    assert main([str(tmp_path / "wrong.json"), *arguments]) == 1
    assert main([str(carried / "tiny.json"), "--frames", str(tmp_path), *arguments[2:]]) == 1
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 2
    assert "wrong.json: " in lines[0]
    assert "labels.csv" in lines[1]


def test_a_folder_of_another_recipe_is_left_as_it_is(carried: Path, tmp_path: Path) -> None:
    arguments = ["--frames", str(carried), "--output", str(tmp_path / "run"), "--device", "cpu"]
    plain = {**json.loads((carried / "tiny.json").read_text()), "hand_boxes": None}
    (tmp_path / "one.json").write_text(json.dumps(plain))
    (tmp_path / "two.json").write_text(json.dumps({**plain, "seed": 5}))
    assert main([str(tmp_path / "one.json"), *arguments]) == 0
    before = {path.name: path.read_bytes() for path in (tmp_path / "run").iterdir()}
    assert main([str(tmp_path / "two.json"), *arguments]) == 1
    assert {path.name: path.read_bytes() for path in (tmp_path / "run").iterdir()} == before


def test_a_recipe_of_phantoms_needs_no_carrying(site: Path, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"phantom_whole_hand\.yaml: trains on phantoms"):
        carry([ROOT / "config" / "training" / "phantom_whole_hand.yaml"], data=site, output=tmp_path)
