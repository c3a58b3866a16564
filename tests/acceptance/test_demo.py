"""The demo as a user starts it: a process, its exit status, and what it leaves behind."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from pydicom import dcmread

from dicom_node.operate.demo.answer import read_report
from models import registry
from tests.support.untrained_weights import NAMES, write_untrained_weights

CASES = [f"{child}-{months}" for child in ("girl", "boy") for months in ("060", "120", "168")]
PIPELINES = ("phantom", "bone_age")


def _command(output: Path, *options: object) -> list[str]:
    return [sys.executable, "-m", "dicom_node.operate.demo", "--output", str(output), *map(str, options)]


def _demo(output: Path, *options: object) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(_command(output, *options), capture_output=True, text=True, timeout=240, check=False)


def _assert_complete(output: Path) -> None:
    for case in CASES:
        for pipeline in PIPELINES:
            folder = output / "answers" / case / pipeline
            report = read_report(folder / "report.dcm")
            assert f"{report.bone_age_months:g} mo" in (folder / "report.txt").read_text()
            capture = dcmread(folder / "heatmap.dcm").pixel_array
            assert np.array_equal(np.asarray(Image.open(folder / "heatmap.png")), capture)


def _processes_of(output: Path) -> list[str]:
    """Command lines of processes that still work for this demo."""
    lines = []
    for entry in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            lines.append(entry.read_bytes().replace(b"\0", b" ").decode(errors="replace"))
        except OSError:
            continue
    return [line for line in lines if str(output / "node.yaml") in line]


def test_every_answer_comes_back_whole_and_a_reader_without_constancy_fails(tmp_path: Path) -> None:
    weights = write_untrained_weights(tmp_path / "weights")
    result = _demo(tmp_path / "demo", "--weights", weights)
    assert result.returncode == 1, result.stderr
    assert "Constancy (phantom reader within 12 months of nominal): FAIL" in result.stdout
    assert "Phantoms prove the plumbing, never the accuracy." in result.stdout
    assert str(tmp_path / "demo" / "node.log") in result.stdout.replace("\n", "")
    assert all(case in result.stdout for case in CASES)
    _assert_complete(tmp_path / "demo")
    assert _processes_of(tmp_path / "demo") == []


@pytest.mark.skipif(not set(NAMES) <= set(registry.names()), reason="the weights that ship are not in this tree")
def test_the_shipped_readers_pass_the_demo(tmp_path: Path) -> None:
    result = _demo(tmp_path / "demo")
    assert result.returncode == 0, result.stdout + result.stderr
    assert "Constancy (phantom reader within 12 months of nominal): holds" in result.stdout
    _assert_complete(tmp_path / "demo")


def test_a_node_that_cannot_start_is_one_clear_line(tmp_path: Path) -> None:
    weights = write_untrained_weights(tmp_path / "weights")
    (weights / "whole_hand.safetensors").write_bytes(b"altered")
    result = _demo(tmp_path / "demo", "--weights", weights)
    assert result.returncode == 1
    assert result.stderr.startswith("node-not-ready: the node does not start: settings-invalid:")
    assert len(result.stderr.splitlines()) == 1
    assert _processes_of(tmp_path / "demo") == []


def test_a_folder_that_is_not_the_demos_own_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("keep")
    result = _demo(tmp_path)
    assert result.returncode == 1
    assert result.stderr == f"demo-failed: {tmp_path} holds something else: name an empty folder\n"
    assert (tmp_path / "thesis.txt").exists()


@pytest.mark.skipif(not Path("/proc/self/cmdline").exists(), reason="looks for processes in /proc")
def test_a_demo_that_is_ended_leaves_no_process_behind(tmp_path: Path) -> None:
    output = tmp_path / "demo"
    environment = os.environ | {"PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(
        _command(output), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment
    ) as demo:
        deadline = time.monotonic() + 60
        while not _processes_of(output) and time.monotonic() < deadline:
            time.sleep(0.1)
        demo.send_signal(signal.SIGTERM)
        assert demo.wait(60) == 143
    assert _processes_of(output) == []
