"""The benchmark's table and its small parts."""

import sys
from pathlib import Path

import pytest

from dicom_node.operate.bench.inception import Inception
from dicom_node.operate.bench.measures import Start, Throughput, images, percentile_95
from dicom_node.operate.bench.pacs import find_command
from dicom_node.operate.bench.run import Plan, Results
from dicom_node.operate.bench.table import markdown


def _results(storescp_s: list[float]) -> Results:
    return Results(
        plan=Plan(images=20, runs=3, pipeline="bone_age", weights=None),
        pacs_name="embedded PACS",
        reference=Inception(start_s=4.0, pass_s=0.5, rss_mib=800.0),
        starts={"receive": [Start(1.0, 99.0), Start(9.0, 120.0), Start(2.0, 110.0)]},
        latencies_s=[1.0] * 29 + [3.0],
        throughputs=[Throughput(20, 10.0, 20.0), Throughput(20, 5.0, 10.0), Throughput(20, 8.0, 30.0)],
        loaded_mib={"receive": 120.0},
        storescp_s=storescp_s,
    )


def test_each_figure_stands_beside_its_reference_and_their_ratio() -> None:
    lines = markdown(_results([4.0, 5.0, 6.0])).splitlines()
    assert "| receive: start to ready, s | 2 | Inception-V3: start to first pass | 4 | 0.50 |" in lines
    assert "| receive: memory when ready, MiB | 110 | Inception-V3 process | 800 | 0.14 |" in lines
    assert "| C-STORE success to report stored, median, s | 1 | Inception-V3: one pass | 0.5 | 2.00 |" in lines
    assert "| 4 senders: images answered a minute | 60 | Inception-V3: passes a minute | 120 | 0.50 |" in lines
    assert "| 4 senders: images accepted a minute | 150 | storescp: images a minute | 240 | 0.62 |" in lines


def test_without_dcmtk_its_column_is_empty() -> None:
    table = markdown(_results([]))
    assert "| 4 senders: images accepted a minute | 150 | storescp: images a minute | - | - |" in table


def test_the_95th_percentile_lies_between_the_values_of_the_sample() -> None:
    assert percentile_95([float(value) for value in range(101)]) == pytest.approx(95.0)
    assert percentile_95([2.0] * 30) == 2.0


def test_a_command_that_lies_beside_python_is_not_taken_for_dcmtks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own, system = tmp_path / "venv" / "bin", tmp_path / "usr" / "bin"
    for folder in (own, system):
        folder.mkdir(parents=True)
        (folder / "storescu-of-test").write_text("#!/bin/sh\n")
        (folder / "storescu-of-test").chmod(0o755)
    monkeypatch.setattr(sys, "prefix", str(own.parent))
    monkeypatch.setenv("PATH", f"{own}:{system}")
    assert find_command("storescu-of-test") == system / "storescu-of-test"
    monkeypatch.setenv("PATH", str(own))
    assert find_command("storescu-of-test") is None


def test_every_image_is_a_new_instance(tmp_path: Path) -> None:
    from itertools import islice

    from pydicom import dcmread

    uids = [dcmread(path).SOPInstanceUID for path in islice(images(tmp_path / "images"), 3)]
    assert len(set(uids)) == 3
