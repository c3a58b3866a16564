"""Jobs of an earlier version of the workflows, in whatever state an upgrade finds them: all of them finish."""

import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from dicom_node.jobs import database, names
from dicom_node.jobs.client import DatabaseQueue, open_queue
from dicom_node.jobs.versions import adopt, earlier
from tests.integration.test_jobs import ended, jobs, until
from tests.support import job_process
from tests.support.job_process import DESTINATIONS, calls, settings_in

EARLIER = str(int(names.VERSION) - 1)
KEYS = ("done", "delayed", "running", "waiting")


@pytest.fixture
def queue(tmp_path: Path) -> Iterator[DatabaseQueue]:
    opened = open_queue(settings_in(tmp_path))
    yield opened
    opened.close()


def enqueue_as(queue: DatabaseQueue, version: str, *keys: str) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(names, "VERSION", version)
        for key in keys:
            queue.enqueue_image(key)


def leave_jobs_behind(directory: Path, queue: DatabaseQueue) -> None:
    """A worker of the earlier version, killed with one job in hand, one delayed, and others waiting."""
    enqueue_as(queue, EARLIER, *KEYS)
    old = job_process.start("work", directory, "mixed", version=EARLIER, work={"concurrency": 1})
    until(lambda: "read running" in calls(directory))
    old.kill()
    old.communicate()


def test_what_waits_runs_or_is_delayed_at_an_upgrade_finishes_after_it(tmp_path: Path, queue: DatabaseQueue) -> None:
    leave_jobs_behind(tmp_path, queue)
    states = {job: status.status for job, status in jobs(queue).items()}
    assert states == {
        "image:done": "SUCCESS",
        "deliver:done:pacs:0": "ENQUEUED",
        "deliver:done:archive:0": "ENQUEUED",
        "image:delayed": "SUCCESS",
        "image:delayed:1": "DELAYED",
        "image:running": "PENDING",
        "image:waiting": "ENQUEUED",
    }
    new: list[subprocess.Popen[bytes]] = [job_process.start(role, tmp_path) for role in ("work", "deliver")]
    try:
        until(lambda: all(ended(queue, f"deliver:{key}:{place}:0") for key in KEYS for place in DESTINATIONS), 60)
    finally:
        for process in new:
            process.kill()
            process.communicate()
    assert {status.status for status in jobs(queue).values()} == {"SUCCESS"}
    assert jobs(queue)["image:running"].output["code"] == "process-died"
    assert jobs(queue)["image:running:1"].output["code"] == "read"


def test_a_job_of_a_later_version_waits_for_it(tmp_path: Path, queue: DatabaseQueue) -> None:
    enqueue_as(queue, str(int(names.VERSION) + 1), "later")
    queue.enqueue_image("present")
    worker = job_process.start("work", tmp_path, "nowhere")
    until(lambda: ended(queue, "image:present"))
    time.sleep(0.5)
    worker.kill()
    worker.communicate()
    assert jobs(queue)["image:later"].status == "ENQUEUED"


def test_what_a_living_process_of_an_earlier_version_has_in_hand_stays_its_own(
    tmp_path: Path, queue: DatabaseQueue
) -> None:
    leave_jobs_behind(tmp_path, queue)
    engine = database.connect(settings_in(tmp_path))
    assert adopt(engine, "another") == 4
    assert adopt(engine, "another") == 0
    assert jobs(queue)["image:running"].app_version == EARLIER
    assert adopt(engine, "work") == 1
    assert {job.app_version for job in jobs(queue).values() if job.status != "SUCCESS"} == {names.VERSION}
    engine.dispose()


def test_every_version_before_is_run() -> None:
    assert earlier() == [str(number) for number in range(int(names.VERSION))]
