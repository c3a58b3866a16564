"""The supervisor's datagrams, heard by a real socket."""

import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from dicom_node.operate import notify
from dicom_node.operate.child import restart_delay_s


@pytest.fixture
def supervisor(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind(str(tmp_path / "notify"))
        listening.settimeout(2)
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
        yield listening


def test_the_supervisor_hears_ready_alive_and_stopping(supervisor: socket.socket) -> None:
    notify.ready()
    notify.watchdog()
    notify.stopping()
    assert [supervisor.recv(100) for _ in range(3)] == [b"READY=1", b"WATCHDOG=1", b"STOPPING=1"]


def test_an_abstract_address_is_understood(monkeypatch: pytest.MonkeyPatch) -> None:
    name = f"dicom-node-test-{os.getpid()}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind(f"\0{name}")
        listening.settimeout(2)
        monkeypatch.setenv("NOTIFY_SOCKET", f"@{name}")
        notify.ready()
        assert listening.recv(100) == b"READY=1"


def test_without_a_supervisor_nothing_happens(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("NOTIFY_SOCKET", raising=False)
    notify.ready()
    monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "gone"))
    notify.ready()


@pytest.mark.parametrize(
    ("limit_us", "process", "interval_s"),
    [("30000000", "", 15.0), ("30000000", str(os.getpid()), 15.0), ("30000000", "1", None), ("", "", None)],
)
def test_the_interval_is_half_of_the_supervisors_limit(
    monkeypatch: pytest.MonkeyPatch, limit_us: str, process: str, interval_s: float | None
) -> None:
    monkeypatch.setenv("WATCHDOG_USEC", limit_us)
    monkeypatch.setenv("WATCHDOG_PID", process)
    assert notify.watchdog_interval_s() == interval_s


def test_a_role_that_keeps_dying_is_started_less_and_less_often() -> None:
    assert [restart_delay_s(deaths) for deaths in (1, 2, 3, 4, 10)] == [1, 2, 4, 8, 60]
