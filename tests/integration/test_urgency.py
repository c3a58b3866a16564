"""What is urgent goes first: by its request, by its sender or by its route; it is read first, and delivered first."""

import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
from pydicom import Dataset

from dicom_node.jobs.client import DatabaseQueue, open_queue
from dicom_node.jobs.contract import Priority
from dicom_node.jobs.sweep import sweep
from dicom_node.operate.triage import triage_by
from dicom_node.receive.scp import start
from dicom_node.settings import Settings
from dicom_node.spool.layout import Layout
from dicom_node.spool.store import Inbox
from tests.integration.test_jobs import ended, jobs, until
from tests.support import job_process
from tests.support.job_process import calls
from tests.support.receiving import LOOPBACK, association, image

RANK = {1: "stat", 2: "routine"}


def settings_in(directory: Path, *, sender: str = "routine", route: str = "routine") -> Settings:
    """A modality and an emergency room that send; chests and hands that are read."""
    return Settings.model_validate(
        {
            "node": {"port": 0},
            "peers": {
                "modality": {"ae_title": "MODALITY", "host": LOOPBACK},
                "emergency": {"ae_title": "EMERGENCY", "host": LOOPBACK, "priority": sender},
            },
            "routes": [
                {"name": "urgent", "candidates": {"body_parts": ["WRIST"]}, "priority": route},
                {"name": "hands"},
            ],
            "storage": {"directory": directory, "minimum_free_mib": 1},
        }
    )


@contextmanager
def receiving(settings: Settings) -> Iterator[tuple[int, DatabaseQueue]]:
    """A receiver's port, and its queue."""
    inbox = Inbox(Layout(settings.storage.directory), minimum_free_mib=1)
    with closing(open_queue(settings)) as queue:
        receiver = start(settings, inbox, queue, triage_by(settings))
        try:
            yield receiver.port, queue
        finally:
            receiver.stop(timeout_s=5.0)


def send(port: int, ds: Dataset, *, calling: str = "MODALITY", **request: Any) -> None:
    with association(port, calling=calling) as assoc:
        assert assoc.send_c_store(ds, **request).Status == 0


def wrist(seed: int) -> Dataset:
    ds = image(seed=seed)
    ds.BodyPartExamined = "WRIST"
    ds.PresentationIntentType = "FOR PRESENTATION"
    return ds


def ranks(queue: DatabaseQueue) -> list[str]:
    made = sorted(jobs(queue).values(), key=lambda job: job.created_at or 0)
    return [RANK[job.priority or 0] for job in made]


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, ["routine", "routine", "routine", "stat"]),
        ({"sender": "stat"}, ["routine", "stat", "routine", "stat"]),
        ({"route": "stat"}, ["routine", "routine", "stat", "stat"]),
    ],
)
def test_sender_route_and_request_make_an_image_urgent(
    tmp_path: Path, given: dict[str, str], expected: list[str]
) -> None:
    with receiving(settings_in(tmp_path, **given)) as (port, queue):
        send(port, image(seed=1))
        send(port, image(seed=2), calling="EMERGENCY")
        send(port, wrist(3))
        send(port, image(seed=4), priority=1)
        assert ranks(queue) == expected


def test_what_was_urgent_is_urgent_in_a_new_database(tmp_path: Path) -> None:
    settings = settings_in(tmp_path, sender="stat")
    with receiving(settings) as (port, _queue):
        send(port, image(seed=1), calling="EMERGENCY")
    for file in tmp_path.glob("jobs.sqlite*"):
        file.unlink()
    layout = Layout(tmp_path)
    with closing(open_queue(settings)) as queue:
        assert sweep(Inbox(layout).keys(), queue, layout) == 1
        assert ranks(queue) == ["stat"]


def test_an_urgent_image_and_its_results_overtake_all_that_waits(tmp_path: Path) -> None:
    """One at a time, so that the order of the calls is the order of the queue."""
    routine = [f"routine-{number}" for number in range(8)]
    one_at_a_time = {"work": {"concurrency": 1}, "delivery": {"concurrency": 1, "delays_s": [1]}}
    processes: list[subprocess.Popen[bytes]] = []
    with closing(open_queue(settings_in(tmp_path))) as queue:
        for key in routine:
            queue.enqueue_image(key)
        queue.enqueue_image("urgent", priority=Priority.STAT)
        try:
            processes.append(job_process.start("work", tmp_path, **one_at_a_time))
            until(lambda: all(ended(queue, f"image:{key}") for key in (*routine, "urgent")))
            processes.append(job_process.start("deliver", tmp_path, **one_at_a_time))
            until(lambda: ended(queue, f"deliver:{routine[-1]}:pacs:0") and ended(queue, "deliver:urgent:pacs:0"))
        finally:
            for process in processes:
                process.kill()
                process.communicate()
    assert [call for call in calls(tmp_path) if call.startswith("read")] == ["read urgent"] + [
        f"read {key}" for key in routine
    ]
    to_pacs = [call for call in calls(tmp_path) if call.endswith("pacs")]
    assert to_pacs[0] == "deliver urgent pacs"
