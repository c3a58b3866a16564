"""Jobs with a real SQLite file and real processes that are started, stopped and killed."""

import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from dbos import WorkflowStatus

from dicom_node.errors import JobsUnavailable
from dicom_node.jobs import database
from dicom_node.jobs.client import DatabaseQueue, open_queue
from dicom_node.jobs.contract import Priority
from dicom_node.jobs.retry import NothingParked, retry_delivery
from dicom_node.jobs.sweep import sweep
from dicom_node.spool.layout import Layout
from tests.support import job_process
from tests.support.job_process import GRACE_S, calls, settings_in

KEY, OTHER = "a" * 64, "b" * 64
Start = Callable[..., "subprocess.Popen[bytes]"]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Start a process in tmp_path and wait until it is ready; whatever is left is killed at the end."""
    processes: list[subprocess.Popen[bytes]] = []

    def start_ready(role: str, behaviour: str = "well", *, wait: bool = True) -> "subprocess.Popen[bytes]":
        process = job_process.start(role, tmp_path, behaviour)
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


@pytest.fixture
def queue(tmp_path: Path) -> Iterator[DatabaseQueue]:
    opened = open_queue(settings_in(tmp_path))
    yield opened
    opened.close()


def until(reached: Callable[[], bool], within_s: float = GRACE_S) -> None:
    """Wait for something that another process does."""
    deadline = time.monotonic() + within_s
    while not reached():
        assert time.monotonic() < deadline, "it never came"
        time.sleep(0.02)


def jobs(queue: DatabaseQueue) -> dict[str, WorkflowStatus]:
    return {status.workflow_id: status for status in queue.open()[0].list_workflows()}


def ended(queue: DatabaseQueue, job: str) -> bool:
    return job in jobs(queue) and jobs(queue)[job].status == "SUCCESS"


def test_an_image_is_read_and_its_results_delivered_by_other_processes(
    tmp_path: Path, queue: DatabaseQueue, start: Start
) -> None:
    queue.enqueue_image(KEY)  # before any worker has ever started
    start("work", wait=False)
    start("deliver")
    until(lambda: ended(queue, f"deliver:{KEY}:archive:0") and ended(queue, f"deliver:{KEY}:pacs:0"))
    assert sorted(calls(tmp_path)) == [f"deliver {KEY} archive", f"deliver {KEY} pacs", f"read {KEY}"]


def test_the_same_key_twice_is_one_job(tmp_path: Path, queue: DatabaseQueue, start: Start) -> None:
    queue.enqueue_image(KEY)
    queue.enqueue_image(KEY, priority=Priority.STAT)
    start("work", "nowhere")
    until(lambda: ended(queue, f"image:{KEY}"))
    queue.enqueue_image(KEY)
    queue.enqueue_image(OTHER)
    until(lambda: ended(queue, f"image:{OTHER}"))
    assert calls(tmp_path) == [f"read {KEY}", f"read {OTHER}"]
    assert set(jobs(queue)) == {f"image:{KEY}", f"image:{OTHER}"}


def test_urgent_images_go_first(tmp_path: Path, queue: DatabaseQueue, start: Start) -> None:
    for number in range(12):
        queue.enqueue_image(f"routine-{number}")
    queue.enqueue_image("urgent", priority=Priority.STAT)
    start("work", "slow")
    until(lambda: len(calls(tmp_path)) >= 8)
    assert "read urgent" in calls(tmp_path)[:8]


def test_a_worker_killed_in_the_middle_is_resumed_and_the_results_go_out_once(
    tmp_path: Path, queue: DatabaseQueue, start: Start
) -> None:
    queue.enqueue_image(KEY)
    killed = start("work", "hangs-first")
    until(lambda: calls(tmp_path) == [f"read {KEY}"])
    killed.kill()
    killed.wait()
    start("deliver", wait=False)
    start("work", "hangs-first")
    until(lambda: ended(queue, f"deliver:{KEY}:archive:0") and ended(queue, f"deliver:{KEY}:pacs:0"))
    assert sorted(calls(tmp_path)) == [f"deliver {KEY} archive", f"deliver {KEY} pacs", *[f"read {KEY}"] * 2]
    assert jobs(queue)[f"image:{KEY}"].output["code"] == "process-died"
    assert jobs(queue)[f"image:{KEY}:1"].output["code"] == "read"


def test_an_image_that_kills_the_worker_is_parked_and_takes_no_other_with_it(
    tmp_path: Path, queue: DatabaseQueue, start: Start
) -> None:
    queue.enqueue_image("poison")
    others = [f"image-{number}" for number in range(3)]
    for key in others:
        queue.enqueue_image(key)
    for _ in range(2):  # the first run, and the second one alone
        start("work", "poison", wait=False).wait(GRACE_S)
    start("work", "poison", wait=False)
    until(lambda: all(any(ended(queue, f"image:{key}{n}") for n in ("", ":1")) for key in others))
    poisoned = [job for job in jobs(queue).values() if job.workflow_id.startswith("image:poison")]
    assert {job.output["code"] for job in poisoned if job.output} == {"process-died"}
    assert calls(tmp_path).count("read poison") == 2  # what comes next waits ten seconds


def test_a_fault_that_may_pass_is_tried_again_later(tmp_path: Path, queue: DatabaseQueue, start: Start) -> None:
    queue.enqueue_image(KEY)
    start("work", "disk-full")
    until(lambda: ended(queue, f"image:{KEY}"))
    second = jobs(queue)[f"image:{KEY}:1"]
    assert second.status == "DELAYED"
    assert second.delay_until_epoch_ms is not None
    assert second.delay_until_epoch_ms / 1000 - time.time() == pytest.approx(5, abs=2)
    assert jobs(queue)[f"image:{KEY}"].output["code"] == "storage-full"


def test_an_exception_without_a_name_leaves_no_text_in_the_database(
    tmp_path: Path, queue: DatabaseQueue, start: Start
) -> None:
    queue.enqueue_image(KEY)
    start("work", "raises")
    until(lambda: ended(queue, f"image:{KEY}"))
    assert jobs(queue)[f"image:{KEY}"].output["code"] == "unexpected"
    assert b"a patient's name" not in b"".join(file.read_bytes() for file in tmp_path.glob("jobs.sqlite*"))


def test_a_delivery_is_tried_again_with_growing_delays(tmp_path: Path, queue: DatabaseQueue, start: Start) -> None:
    queue.enqueue_image(KEY)
    start("work", wait=False)
    start("deliver", "pacs-away")
    until(lambda: ended(queue, f"deliver:{KEY}:pacs:2"))
    attempts = [jobs(queue)[f"deliver:{KEY}:pacs:{number}"] for number in range(3)]
    assert [job.output["code"] for job in attempts] == ["association-refused"] * 2 + ["delivered"]
    started = [job.output["at"] for job in attempts]
    assert started[1] - started[0] >= 0.5
    assert started[2] - started[1] >= 1.0


def test_a_destination_that_hangs_holds_up_no_other(tmp_path: Path, queue: DatabaseQueue, start: Start) -> None:
    for number in range(6):
        queue.enqueue_image(f"image-{number}")
    start("work", wait=False)
    start("deliver", "pacs-hangs")
    until(lambda: all(ended(queue, f"deliver:image-{number}:archive:0") for number in range(6)))
    assert sum(" pacs" in call for call in calls(tmp_path)) == 2  # delivery.concurrency


def test_what_a_destination_refuses_for_good_is_parked(tmp_path: Path, queue: DatabaseQueue, start: Start) -> None:
    queue.enqueue_image(KEY)
    start("work", wait=False)
    start("deliver", "pacs-refuses")
    until(lambda: ended(queue, f"deliver:{KEY}:pacs:0"))
    output = jobs(queue)[f"deliver:{KEY}:pacs:0"].output
    assert (output["verdict"], output["code"], output["delay_s"]) == ("parked", "a900", None)
    assert f"deliver:{KEY}:pacs:1" not in jobs(queue)


def test_a_parked_delivery_begins_anew_when_asked_to(tmp_path: Path, queue: DatabaseQueue, start: Start) -> None:
    queue.enqueue_image(KEY)
    start("work", wait=False)
    deliver = start("deliver", "pacs-refuses")
    until(lambda: ended(queue, f"deliver:{KEY}:pacs:0") and ended(queue, f"deliver:{KEY}:archive:0"))
    with pytest.raises(NothingParked):
        retry_delivery(queue, KEY, "archive")
    with pytest.raises(NothingParked):
        retry_delivery(queue, OTHER, "pacs")
    deliver.terminate()
    deliver.wait(GRACE_S)
    assert retry_delivery(queue, KEY, "pacs") == 1
    with pytest.raises(NothingParked):  # it waits already
        retry_delivery(queue, KEY, "pacs")
    start("deliver")
    until(lambda: ended(queue, f"deliver:{KEY}:pacs:1"))
    assert jobs(queue)[f"deliver:{KEY}:pacs:1"].output["code"] == "delivered"


def test_a_stopped_worker_finishes_what_is_in_hand(tmp_path: Path, queue: DatabaseQueue, start: Start) -> None:
    queue.enqueue_image(KEY)
    worker = start("work", "slow")
    until(lambda: calls(tmp_path) == [f"read {KEY}"])
    worker.terminate()
    assert worker.wait(GRACE_S) == 0
    assert ended(queue, f"image:{KEY}")
    assert f"deliver:{KEY}:pacs:0" in jobs(queue)


def test_a_worker_that_cannot_finish_ends_within_a_bounded_time_and_is_resumed(
    tmp_path: Path, queue: DatabaseQueue, start: Start
) -> None:
    queue.enqueue_image(KEY)
    worker = start("work", "hangs-first-and-has-a-second-to-stop")
    until(lambda: calls(tmp_path) == [f"read {KEY}"])
    worker.terminate()
    assert worker.wait(GRACE_S) == 0
    assert jobs(queue)[f"image:{KEY}"].status == "PENDING"
    start("work")
    until(lambda: ended(queue, f"image:{KEY}:1"))


def test_processes_that_start_at_once_on_an_empty_directory_make_one_database(tmp_path: Path, start: Start) -> None:
    processes = [start("work", wait=False), start("deliver", wait=False)]
    queue = open_queue(settings_in(tmp_path))
    queue.enqueue_image(KEY)
    until(lambda: ended(queue, f"deliver:{KEY}:archive:0"))
    assert [process.poll() for process in processes] == [None, None]
    with sqlite3.connect(database.database_url(settings_in(tmp_path)).removeprefix("sqlite:///")) as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    queue.close()


def test_a_second_worker_on_the_same_storage_does_not_start(tmp_path: Path, queue: DatabaseQueue, start: Start) -> None:
    start("work")
    lock = tmp_path / "work.lock"
    with pytest.raises(JobsUnavailable, match=r"work\.lock"), database.exclusive(lock, wait_s=0.2):
        pass


def test_the_sweep_enqueues_images_without_a_job_and_no_others(tmp_path: Path, queue: DatabaseQueue) -> None:
    queue.enqueue_image(KEY)
    assert sweep([KEY, OTHER], queue, Layout(tmp_path)) == 1
    assert sweep([KEY, OTHER], queue, Layout(tmp_path)) == 0
    assert set(jobs(queue)) == {f"image:{KEY}", f"image:{OTHER}"}


def test_a_database_that_is_away_is_named_at_once_and_used_again_when_it_is_back(tmp_path: Path) -> None:
    (tmp_path / "jobs.sqlite").mkdir()
    queue = open_queue(settings_in(tmp_path))
    with pytest.raises(JobsUnavailable):
        queue.enqueue_image(KEY)
    (tmp_path / "jobs.sqlite").rmdir()
    queue.enqueue_image(KEY)
    assert list(jobs(queue)) == [f"image:{KEY}"]
    queue.close()


def test_a_locked_database_is_named_within_a_modalitys_patience(
    tmp_path: Path, queue: DatabaseQueue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "BUSY_TIMEOUT_S", 0.3)
    queue.close()
    queue.open()
    with sqlite3.connect(tmp_path / "jobs.sqlite", isolation_level=None) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(JobsUnavailable):
            queue.enqueue_image(KEY)
        other.execute("ROLLBACK")
    queue.enqueue_image(KEY)


def test_the_queue_never_loads_torch() -> None:
    code = "import sys, dicom_node.jobs.client as c; print(sorted({'torch', 'monai', 'cv2'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, check=True).stdout == b"[]\n"
