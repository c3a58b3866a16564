"""Several hosts, as groups of processes that share a PostgreSQL database and a storage directory."""

import hashlib
import json
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from dicom_node.errors import JobsUnavailable
from dicom_node.jobs import names
from dicom_node.jobs.client import DatabaseQueue, open_queue
from dicom_node.jobs.database import BUSY_TIMEOUT_S, connect, prepare
from dicom_node.jobs.deadline import Deadline
from dicom_node.jobs.leases import RELEASING, TAKING_OVER, Lease, leading
from dicom_node.settings import Settings
from dicom_node.spool.layout import Layout
from dicom_node.spool.results import read_results
from tests.faults import entry
from tests.integration.test_jobs import ended, jobs, until
from tests.integration.test_upgrade import enqueue_as
from tests.support import job_process, postgresql
from tests.support.job_process import GRACE_S, calls

pytestmark = pytest.mark.postgresql

KEY = "a" * 64
LEASE_S = 4.0
LONG_LEASE_S = 20.0
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
        host: str, role: str, behaviour: str = "well", *, wait: bool = True, lease_s: float = LEASE_S, **sections: Any
    ) -> "subprocess.Popen[bytes]":
        shared = {"node": {"host_id": host}, "database": database | {"lease_s": lease_s}}
        process = job_process.start(role, tmp_path, behaviour, **shared, **sections)
        processes.append(process)
        if wait:
            assert process.stdout is not None
            assert b"ready\n" in iter(process.stdout.readline, b"")  # behind what it logs
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


def test_hosts_of_two_versions_leave_nothing_behind(tmp_path: Path, queue: DatabaseQueue, start: Start) -> None:
    old = str(int(names.VERSION) - 1)
    last = start("one", "work", "mixed", version=old, work={"concurrency": 1}, lease_s=LONG_LEASE_S)
    enqueue_as(queue, old, "running", "waiting")
    until(lambda: "read running" in calls(tmp_path))
    start("two", "work", lease_s=LONG_LEASE_S)
    start("two", "deliver", lease_s=LONG_LEASE_S)
    until(lambda: delivered(queue, "waiting"))
    assert jobs(queue)["image:running"].status == "PENDING"
    last.kill()
    until(lambda: delivered(queue, "running"), within_s=120)


def test_a_database_that_takes_connections_and_is_silent_holds_nobody_up(
    server: postgresql.Server, queue: DatabaseQueue, monkeypatch: pytest.MonkeyPatch
) -> None:
    queue.enqueue_image("before")
    monkeypatch.setattr(queue, "_deadline", Deadline(1.0))
    with server.frozen():
        for number in range(4):
            began = time.monotonic()
            with pytest.raises(JobsUnavailable):
                queue.enqueue_image(f"image-{number % 2}")
            assert time.monotonic() - began < 3
        assert not queue.close()
    until(lambda: set(jobs(queue)) == {"image:before", "image:image-0", "image:image-1"}, within_s=30)


def test_a_stopped_worker_that_goes_on_after_its_job_was_taken_over_makes_no_second_result(
    tmp_path: Path, queue: DatabaseQueue, start: Start
) -> None:
    zombie = start("one", "work", "writes")
    queue.enqueue_image(KEY)
    until(lambda: f"read {KEY}" in calls(tmp_path))
    zombie.send_signal(signal.SIGSTOP)
    other = start("two", "work", "writes")
    start("two", "deliver")
    until(lambda: delivered(queue), within_s=60)
    zombie.send_signal(signal.SIGCONT)
    wrote = f"wrote {zombie.pid}, kept"
    until(lambda: any(call.startswith(wrote) for call in calls(tmp_path)))
    (kept,) = {call.split(" kept ")[1] for call in calls(tmp_path) if call.startswith("wrote")}
    (report,) = read_results(Layout(tmp_path), KEY).objects
    assert report.sha256 == kept == hashlib.sha256(report.path.read_bytes()).hexdigest()
    assert json.loads((tmp_path / "results" / KEY[:2] / KEY / "reading.json").read_bytes()) == {"pid": other.pid}
    assert sorted(call for call in calls(tmp_path) if call.startswith("deliver")) == [
        f"deliver {KEY} archive",
        f"deliver {KEY} pacs",
    ]
    other.kill()
    queue.enqueue_image("b" * 64)  # the one that was stopped is a worker like any other again
    until(lambda: delivered(queue, "b" * 64))
    assert {status.status for status in jobs(queue).values()} == {"SUCCESS"}


def test_a_process_that_stops_leaves_what_it_cannot_finish_to_others_at_once(
    tmp_path: Path, queue: DatabaseQueue, start: Start
) -> None:
    leaving = start("one", "work", "hangs-first-and-has-a-second-to-stop", lease_s=LONG_LEASE_S)
    queue.enqueue_image(KEY)
    until(lambda: calls(tmp_path) == [f"read {KEY}"])
    start("two", "work", lease_s=LONG_LEASE_S)
    time.sleep(LONG_LEASE_S)  # until the other may lead
    leaving.terminate()
    assert leaving.wait(GRACE_S) == 0
    began = time.monotonic()
    until(lambda: jobs(queue)[f"image:{KEY}"].executor_id == "work@two")
    assert time.monotonic() - began < LONG_LEASE_S
    until(lambda: ended(queue, f"image:{KEY}:1"))


def test_a_database_that_does_not_exist_is_named_with_what_to_do(tmp_path: Path, server: postgresql.Server) -> None:
    url = server.new_database() + "_missing"
    settings = Settings.model_validate({"storage": {"directory": tmp_path}, "database": {"url": url}})
    with pytest.raises(JobsUnavailable, match="createdb"):
        prepare(settings)


def test_while_the_database_is_away_images_are_deferred_and_processes_wait_without_ending(
    tmp_path: Path, server: postgresql.Server, queue: DatabaseQueue, start: Start
) -> None:
    worker, delivery = start("one", "work"), start("one", "deliver")
    queue.enqueue_image("before")
    until(lambda: delivered(queue, "before"))
    server.stop()
    began = time.monotonic()
    with pytest.raises(JobsUnavailable):
        queue.enqueue_image(KEY)
    assert time.monotonic() - began < BUSY_TIMEOUT_S
    time.sleep(2 * LEASE_S)
    server.start()
    queue.enqueue_image(KEY)
    until(lambda: delivered(queue), within_s=60)
    assert (worker.poll(), delivery.poll()) == (None, None)
    assert calls(tmp_path).count(f"read {KEY}") == 1


def test_a_worker_whose_database_is_missing_ends_and_says_why(tmp_path: Path, server: postgresql.Server) -> None:
    """With its decoding processes, which nobody else would end."""
    config = tmp_path / "node.yaml"
    config.write_text(json.dumps({"database": {"url": server.new_database() + "_missing"}}))
    ended = subprocess.run(entry.command("work", config, quick=True), capture_output=True, timeout=200, check=False)
    assert ended.returncode != 0
    assert b"DatabaseMissing" in ended.stderr


def test_a_host_that_is_frozen_within_a_transaction_holds_up_no_other_job(
    tmp_path: Path, database: dict[str, Any], queue: DatabaseQueue
) -> None:
    settings = Settings.model_validate({"storage": {"directory": tmp_path}, "database": database})
    held, free = "a" * 64, "b" * 64
    queue.enqueue_image(held)
    queue.enqueue_image(free)
    engine = connect(settings)
    with engine.begin() as connection:
        connection.execute(sa.text("UPDATE dbos.workflow_status SET status = 'PENDING', executor_id = 'work@gone'"))
    with engine.begin() as frozen:
        frozen.execute(
            sa.text("SELECT 1 FROM dbos.workflow_status WHERE workflow_uuid = :id FOR UPDATE"), {"id": f"image:{held}"}
        )
        assert Lease(engine, "work@two", LEASE_S).take_over() == [f"image:{free}"]
    assert Lease(engine, "work@two", LEASE_S).take_over() == [f"image:{held}"]
    engine.dispose()


def test_who_could_not_renew_for_a_while_does_not_judge_others(
    tmp_path: Path, database: dict[str, Any], queue: DatabaseQueue
) -> None:
    """After the database was away every lease has run out, of those that live as well."""
    settings = Settings.model_validate({"storage": {"directory": tmp_path}, "database": database})
    engine, short_s = connect(settings), 0.5
    lease = Lease(engine, "work@two", short_s)
    assert not lease.renew()
    deadline = time.monotonic() + GRACE_S
    while not lease.renew():
        assert time.monotonic() < deadline
        time.sleep(short_s / 10)
    time.sleep(2 * short_s)
    assert not lease.renew()
    engine.dispose()


def test_one_process_of_all_leads(tmp_path: Path, database: dict[str, Any], queue: DatabaseQueue) -> None:
    settings = Settings.model_validate({"storage": {"directory": tmp_path}, "database": database})
    engine = connect(settings)
    with (
        leading(engine, RELEASING) as first,
        leading(engine, RELEASING) as second,
        leading(engine, TAKING_OVER) as other,
    ):
        assert (first, second, other) == (True, False, True)
    with leading(engine, RELEASING) as again:
        assert again
    engine.dispose()
