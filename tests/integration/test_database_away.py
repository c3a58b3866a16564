"""A job database that is away for a while: processes wait, and go on by themselves."""

import sqlite3
import time
from contextlib import closing
from pathlib import Path

import pytest

from dicom_node.errors import JobsUnavailable
from dicom_node.jobs import database
from dicom_node.jobs.client import open_queue
from tests.integration.test_jobs import ended, jobs, until
from tests.support import job_process
from tests.support.job_process import settings_in

LOCKED_S = 8.0
"""Longer than a write waits."""


def test_a_locked_file_is_waited_for_by_processes_that_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "BUSY_TIMEOUT_S", 0.5)
    processes = [job_process.start(role, tmp_path) for role in ("work", "deliver")]
    with closing(open_queue(settings_in(tmp_path))) as queue:
        queue.enqueue_image("before")
        until(lambda: ended(queue, "deliver:before:pacs:0") and ended(queue, "deliver:before:archive:0"))
        with closing(sqlite3.connect(tmp_path / "jobs.sqlite", isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            with pytest.raises(JobsUnavailable):
                queue.enqueue_image("meanwhile")
            time.sleep(LOCKED_S)
            other.execute("ROLLBACK")
        queue.enqueue_image("meanwhile")
        until(lambda: ended(queue, "deliver:meanwhile:pacs:0") and ended(queue, "deliver:meanwhile:archive:0"), 60)
        assert {status.status for status in jobs(queue).values()} == {"SUCCESS"}
    assert [process.poll() for process in processes] == [None, None]
    for process in processes:
        process.kill()
        process.communicate()


def test_a_process_that_starts_before_the_database_waits_for_it(tmp_path: Path) -> None:
    (tmp_path / "jobs.sqlite").mkdir()
    worker = job_process.start("work", tmp_path)
    assert worker.stdout is not None
    assert b"database_awaited" in worker.stdout.readline()
    (tmp_path / "jobs.sqlite").rmdir()
    while (line := worker.stdout.readline()) != b"ready\n":
        assert b"database_awaited" in line
    worker.kill()
    worker.communicate()
