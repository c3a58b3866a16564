"""The parent of the roles, with real processes that die, hang and do not listen."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from dicom_node.operate import child as child_module
from dicom_node.operate import serve
from dicom_node.operate.child import Child

GRACE_S = 20.0


class Node:
    """`serve.run` in a thread, with a supervisor's socket and stand-ins for the roles."""

    def __init__(self, folder: Path, *behaviours: str) -> None:
        self.folder = folder
        self.stop = threading.Event()
        self.status: int | None = None
        self.children = [
            Child(f"role{number}", self._command(number, behaviour), folder)
            for number, behaviour in enumerate(behaviours)
        ]
        # PR_SET_PDEATHSIG follows the thread that started the process; this one lives as long as the node.
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> "Node":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop.set()
        self._thread.join(GRACE_S)
        assert not self._thread.is_alive()

    def starts(self, number: int) -> list[int]:
        file = self.folder / f"starts{number}"
        return [int(line) for line in file.read_text().split()] if file.exists() else []

    def _command(self, number: int, behaviour: str) -> list[str]:
        return [sys.executable, "-m", "tests.support.fake_role", behaviour, str(self.folder / f"starts{number}")]

    def _run(self) -> None:
        self.status = serve.run(self.children, self.stop)


@pytest.fixture
def supervisor(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind(str(tmp_path / "supervisor"))
        listening.settimeout(GRACE_S)
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "supervisor"))
        monkeypatch.setenv("WATCHDOG_USEC", "400000")
        yield listening


def until(reached: Callable[[], bool]) -> None:
    deadline = time.monotonic() + GRACE_S
    while not reached():
        assert time.monotonic() < deadline, "it never came"
        time.sleep(0.02)


def hear(supervisor: socket.socket, message: bytes) -> None:
    while supervisor.recv(4096) != message:
        pass


def test_the_node_is_ready_when_every_role_is_and_stops_all_of_them(tmp_path: Path, supervisor: socket.socket) -> None:
    with Node(tmp_path, "well", "well", "well") as node:
        hear(supervisor, b"READY=1")
        assert all(child.ready for child in node.children)
        hear(supervisor, b"WATCHDOG=1")
        node.stop.set()
        hear(supervisor, b"STOPPING=1")
    assert node.status == 0
    assert not any(psutil.pid_exists(node.starts(number)[0]) for number in range(3))


def test_a_node_with_a_role_that_is_not_ready_is_not_ready(tmp_path: Path, supervisor: socket.socket) -> None:
    with Node(tmp_path, "well", "never-ready") as node:
        until(lambda: node.children[0].ready)
        heard = set()
        deadline = time.monotonic() + 0.5
        while time.monotonic() < deadline:
            heard.add(supervisor.recv(4096))
        assert heard == {b"WATCHDOG=1"}


def test_a_role_that_dies_is_started_again_and_the_others_go_on(tmp_path: Path, supervisor: socket.socket) -> None:
    with Node(tmp_path, "well", "well") as node:
        hear(supervisor, b"READY=1")
        os.kill(node.starts(0)[0], signal.SIGKILL)
        until(lambda: len(node.starts(0)) == 2 and node.children[0].ready)
        assert len(node.starts(1)) == 1


def test_a_role_that_falls_silent_is_started_again(
    tmp_path: Path, supervisor: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(child_module, "WATCHDOG_S", 0.5)
    with Node(tmp_path, "well", "silent") as node:
        hear(supervisor, b"READY=1")
        until(lambda: len(node.starts(1)) == 2)
        assert len(node.starts(0)) == 1


def test_a_role_that_never_comes_up_ends_the_node(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(child_module, "LONGEST_DELAY_S", 0.1)
    with Node(tmp_path, "well", "dies") as node:
        until(lambda: node.status is not None)
    assert node.status == 1
    assert len(node.starts(1)) == serve.VAIN_STARTS


def test_a_role_that_does_not_end_is_killed(
    tmp_path: Path, supervisor: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(serve, "STOP_S", 0.5)
    with Node(tmp_path, "well", "deaf") as node:
        hear(supervisor, b"READY=1")
        started = time.monotonic()
    assert time.monotonic() - started < 5
    assert node.status == 0
    assert not psutil.pid_exists(node.starts(1)[0])


PARENT = """
import sys, threading
from pathlib import Path
from dicom_node.operate import serve
from dicom_node.operate.child import Child
folder = Path(sys.argv[1])
command = [sys.executable, "-m", "tests.support.fake_role", "well", str(folder / "starts0")]
serve.run([Child("role0", command, folder)], threading.Event())
"""


def test_roles_end_when_their_parent_is_killed(tmp_path: Path) -> None:
    starts = tmp_path / "starts0"
    parent = subprocess.Popen([sys.executable, "-c", PARENT, str(tmp_path)])
    until(lambda: starts.exists() and starts.read_text().endswith("\n"))
    role = psutil.Process(int(starts.read_text()))
    parent.kill()
    parent.wait()
    role.wait(GRACE_S)
