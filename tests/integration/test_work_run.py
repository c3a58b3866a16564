"""The worker as its own process, on a spool with images and without a receiver."""

import os
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import yaml

from dicom_node.phantom import PhantomOptions, dataset
from dicom_node.spool.layout import Layout
from dicom_node.spool.origin import Origin
from dicom_node.spool.results import MANIFEST, read_results
from dicom_node.spool.store import Inbox
from tests.support.untrained_weights import write_untrained_weights

START_S = 90.0


def write_settings(folder: Path) -> Path:
    document = {
        "storage": {"directory": "state", "minimum_free_mib": 1},
        "work": {"weights_directory": str(write_untrained_weights(folder / "weights")), "torch_threads": 1},
        "routes": [{"name": "hands", "pipeline": "phantom"}],
    }
    path = folder / "node.yaml"
    path.write_text(yaml.safe_dump(document))
    return path


def store_phantom(layout: Layout) -> str:
    inbox = Inbox(layout)
    inbox.prepare()
    part = layout.incoming / "tmp.dcm"
    dataset(PhantomOptions(bone_age_months=100, sex="M")).save_as(part, enforce_file_format=True)
    return inbox.accept(part, Origin("MODALITY", "BONEAGE", "127.0.0.1", datetime.now(UTC))).key


def test_an_image_without_a_job_is_found_read_and_the_worker_ends_when_asked(tmp_path: Path) -> None:
    layout = Layout(tmp_path / "state")
    key = store_phantom(layout)
    command = [sys.executable, "-m", "dicom_node.cli", "work", "--config", str(write_settings(tmp_path))]
    with (tmp_path / "log").open("wb") as log:
        worker = subprocess.Popen(command, stderr=log, env={**os.environ, "OMP_NUM_THREADS": "1"})
    try:
        deadline = time.monotonic() + START_S
        while not (layout.results(key) / MANIFEST).exists():
            assert worker.poll() is None, (tmp_path / "log").read_text()
            assert time.monotonic() < deadline, (tmp_path / "log").read_text()
            time.sleep(0.1)
        worker.send_signal(signal.SIGTERM)
        assert worker.wait(30) == 0
    finally:
        worker.kill()
        worker.wait()
    assert [each.kind for each in read_results(layout, key).objects] == ["report", "report-fallback", "capture"]
    log_text = (tmp_path / "log").read_text()
    assert "event=image_read" in log_text
    assert "dropped=" not in log_text
    assert "Traceback" not in log_text
