"""Several hosts, as groups of processes that share a PostgreSQL database and a storage directory."""

import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from dicom_node.jobs.client import DatabaseQueue, open_queue
from dicom_node.settings import Settings
from tests.integration.test_jobs import ended, jobs, until
from tests.support import job_process, postgresql
from tests.support.job_process import calls

pytestmark = pytest.mark.postgresql

KEY = "a" * 64
LEASE_S = 2.0
Start = Callable[..., "subprocess.Popen[bytes]"]


@pytest.fixture(scope="module")
def server() -> Iterator[postgresql.Server]:
    with postgresql.running() as server:
        yield server


@pytest.fixture
def database(server: postgresql.Server) -> dict[str, Any]:
    """The section of the settings."""
    return {"url": server.new_database(), "lease_s": LEASE_S}


@pytest.fixture
def queue(tmp_path: Path, database: dict[str, Any]) -> Iterator[DatabaseQueue]:
    settings = Settings.model_validate({"storage": {"directory": tmp_path}, "database": database})
    opened = open_queue(settings)
    yield opened
    opened.close()


@pytest.fixture
def start(tmp_path: Path, database: dict[str, Any]) -> Iterator[Start]:
    """Start a process of a host and wait until it is ready; whatever is left is killed at the end."""
    processes: list[subprocess.Popen[bytes]] = []

    def start_ready(
        host: str, role: str, behaviour: str = "well", *, wait: bool = True, **sections: Any
    ) -> "subprocess.Popen[bytes]":
        node = {"host_id": host}
        process = job_process.start(role, tmp_path, behaviour, node=node, database=database, **sections)
        processes.append(process)
        if wait:
            assert process.stdout is not None
            assert process.stdout.readline() == b"ready\n"
        return process

    yield start_ready
    for process in processes:
        process.kill()
        process.wait()
        if process.stdout is not None:
            process.stdout.close()


def delivered(queue: DatabaseQueue, key: str = KEY) -> bool:
    return ended(queue, f"deliver:{key}:archive:0") and ended(queue, f"deliver:{key}:pacs:0")


def executors(queue: DatabaseQueue) -> set[str]:
    return {status.executor_id for status in jobs(queue).values() if status.executor_id}


def test_workers_of_two_hosts_share_the_images(tmp_path: Path, queue: DatabaseQueue, start: Start) -> None:
    start("one", "work", "slow", wait=False)
    start("two", "work", "slow", wait=False)
    start("two", "deliver")
    keys = [f"image-{number}" for number in range(32)]
    for key in keys:
        queue.enqueue_image(key)
    until(lambda: all(delivered(queue, key) for key in keys), within_s=60)
    assert executors(queue) == {"work@one", "work@two", "deliver@two"}
    assert sorted(call for call in calls(tmp_path) if call.startswith("read")) == sorted(f"read {key}" for key in keys)


def test_processes_that_start_at_once_on_an_empty_database_make_one_schema(queue: DatabaseQueue, start: Start) -> None:
    hosts = [start(host, role, wait=False) for host in ("one", "two") for role in ("work", "deliver")]
    queue.enqueue_image(KEY)
    until(lambda: delivered(queue), within_s=60)
    assert [process.poll() for process in hosts] == [None] * 4


def test_a_dead_hosts_jobs_are_taken_over_within_two_leases(tmp_path: Path, queue: DatabaseQueue, start: Start) -> None:
    dead = start("one", "work", "hangs-first")
    queue.enqueue_image(KEY)
    until(lambda: calls(tmp_path) == [f"read {KEY}"])
    start("two", "work")
    start("two", "deliver")
    time.sleep(LEASE_S)  # another host that has been there for a while
    dead.send_signal(signal.SIGKILL)
    began = time.monotonic()
    until(lambda: jobs(queue)[f"image:{KEY}"].executor_id == "work@two")
    assert time.monotonic() - began < 2 * LEASE_S
    until(lambda: delivered(queue))
    assert jobs(queue)[f"image:{KEY}"].output["code"] == "process-died"
    assert jobs(queue)[f"image:{KEY}:1"].output["code"] == "read"
