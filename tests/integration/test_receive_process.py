"""`dicom-node receive` as a process: what it loads, what it says, how it ends."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import psutil
import pytest
import yaml

from dicom_node.spool.layout import Layout
from dicom_node.spool.store import Inbox
from tests.support.receiving import association, image

HEAVY = ("torch", "torchvision", "monai", "cv2")
PATIENT = "Invented"


class Process:
    """The command with a free port, and the events of its log."""

    def __init__(self, folder: Path) -> None:
        document = {
            "node": {"port": 0},
            "peers": {"modality": {"ae_title": "MODALITY", "host": "127.0.0.1"}},
            "storage": {"directory": "state", "minimum_free_mib": 1},
            "logging": {"json_lines": True, "level": "debug"},
        }
        (folder / "node.yaml").write_text(yaml.safe_dump(document))
        self.process = subprocess.Popen(
            [sys.executable, "-m", "dicom_node.cli", "receive", "--config", str(folder / "node.yaml")],
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "OMP_NUM_THREADS": "1"},
        )
        self.lines: list[str] = []

    def await_event(self, name: str) -> dict[str, object]:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self.lines.append(line)
            event = json.loads(line)
            if event["event"] == name:
                return event
        raise AssertionError(f"the process ended without {name}: {self.lines}")


@pytest.fixture
def process(tmp_path: Path) -> Iterator[Process]:
    started = Process(tmp_path)
    yield started
    started.process.kill()
    started.process.communicate()


def test_it_receives_and_ends_on_sigterm_without_a_word_of_the_patient(process: Process, tmp_path: Path) -> None:
    listening = process.await_event("receiver_listening")
    with association(int(str(listening["port"]))) as assoc:
        assert assoc.send_c_store(image()).Status == 0
    with association(int(str(listening["port"])), calling="STRANGER") as assoc:
        assert assoc.is_rejected
    stored = process.await_event("image_stored")
    rejected = process.await_event("association_rejected")
    assert (rejected["calling"], rejected["called"], rejected["configured"]) == ("STRANGER", "BONEAGE", "MODALITY")
    process.process.send_signal(signal.SIGTERM)
    process.await_event("receiver_stopped")
    assert process.process.wait(timeout=10) == 0
    assert list(Inbox(Layout(tmp_path / "state")).keys()) == [stored["key"]]
    assert PATIENT not in "".join(process.lines)
    assert (tmp_path / "state" / "jobs.sqlite").exists()


def test_the_running_receiver_has_not_loaded_torch(tmp_path: Path) -> None:
    program = (
        "import sys; from pathlib import Path; from tests.support.receiving import *\n"
        "import dicom_node.receive.run\n"
        f"with receiving(settings_in(Path({str(tmp_path)!r}))) as node, association(node.port) as assoc:\n"
        "    assert assoc.send_c_store(image()).Status == 0\n"
        f"print('loaded:', *(name for name in {HEAVY} if name in sys.modules))\n"
    )
    command = [sys.executable, "-c", program]
    result = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert result.returncode == 0, result.stderr
    assert result.stdout.splitlines()[-1] == "loaded:"


def test_sixteen_idle_associations_cost_next_to_nothing_and_are_answered_at_once(process: Process) -> None:
    port = int(str(process.await_event("receiver_listening")["port"]))
    with ExitStack() as opened:
        idle = [opened.enter_context(association(port)) for _ in range(16)]
        assert all(assoc.is_established for assoc in idle)
        time.sleep(1)
        measured = psutil.Process(process.process.pid)
        before, began = sum(measured.cpu_times()[:2]), time.monotonic()
        time.sleep(3)
        share = (sum(measured.cpu_times()[:2]) - before) / (time.monotonic() - began)
        asked = time.monotonic()
        assert idle[0].send_c_echo().Status == 0
        assert time.monotonic() - asked < 2
    assert share < 0.1, "looking around a thousand times a second, they take several times as much"
