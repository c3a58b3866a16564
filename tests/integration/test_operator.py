"""The operator's commands with a real spool, a real job database and processes with stand-ins."""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from functools import partial
from pathlib import Path

import pytest
import yaml

from dicom_node.jobs.client import DatabaseQueue, open_queue
from dicom_node.jobs.history import attempts
from dicom_node.jobs.pausing import pause_reading, resume_reading
from dicom_node.jobs.retry import NothingParked
from dicom_node.jobs.standing import State, standings
from dicom_node.operate.intervention import (
    NoSuchDestination,
    NothingNamed,
    NothingWaits,
    cancel_image,
    pause,
    resume,
    retry,
)
from dicom_node.operate.jobs import list_jobs
from dicom_node.operate.pulse import Pulse, signs
from dicom_node.operate.status import show_status
from dicom_node.settings import Settings, load
from dicom_node.spool.destinations import Destinations
from dicom_node.spool.layout import Layout
from dicom_node.spool.store import Inbox
from tests.integration import test_jobs
from tests.integration.test_jobs_command import store
from tests.support import job_process
from tests.support.receiving import image

until = partial(test_jobs.until, within_s=60)
Start = Callable[[str, str], None]


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "node.yaml"
    peers = {
        name: {"ae_title": name.upper(), "host": "127.0.0.1", "port": 104, "may": ["receive"]}
        for name in job_process.DESTINATIONS
    }
    routes = [{"name": "hands", "destinations": list(job_process.DESTINATIONS)}]
    storage = {"directory": "state", "minimum_free_mib": 1}
    path.write_text(yaml.safe_dump({"peers": peers, "routes": routes, "storage": storage}))
    return path


@pytest.fixture
def settings(config: Path) -> Settings:
    return load(config)


@pytest.fixture
def layout(settings: Settings) -> Layout:
    layout = Layout(settings.storage.directory)
    Inbox(layout).prepare()
    return layout


@pytest.fixture
def queue(settings: Settings, layout: Layout) -> Iterator[DatabaseQueue]:
    with closing(open_queue(settings)) as queue:
        yield queue


@pytest.fixture
def start(layout: Layout) -> Iterator[Start]:
    processes = []

    def start(role: str, behaviour: str) -> None:
        processes.append(job_process.start(role, layout.root, behaviour))

    yield start
    for process in processes:
        process.kill()
        process.communicate()


def received(layout: Layout, queue: DatabaseQueue, *, count: int = 1) -> list[str]:
    """So many stored images with a job each."""
    keys = [store(layout, image(seed=seed)) for seed in range(count)]
    for key in keys:
        queue.enqueue_image(key)
    return keys


def states(queue: DatabaseQueue, key: str) -> dict[str | None, State]:
    return {job.destination: job.state for job in standings(attempts(queue, [key])[key])}


def printed_ids(capsys: pytest.CaptureFixture[str]) -> list[str]:
    return [line.split()[0] for line in capsys.readouterr().out.splitlines()[1:]]


def test_parked_deliveries_are_listed_by_destination_and_begun_anew_one_by_one_or_all(
    config: Path, layout: Layout, queue: DatabaseQueue, start: Start, capsys: pytest.CaptureFixture[str]
) -> None:
    one, two = received(layout, queue, count=2)
    start("work", "well")
    start("deliver", "pacs-refuses")
    for key in (one, two):
        until(lambda key=key: states(queue, key) == {None: State.DONE, "pacs": State.PARKED, "archive": State.DONE})
    list_jobs(config, limit=9, state=State.PARKED)
    assert printed_ids(capsys) == [two[:12], one[:12]]
    list_jobs(config, limit=1, state=State.PARKED, destination="pacs")
    assert printed_ids(capsys) == [two[:12]]
    list_jobs(config, limit=9, state=State.PARKED, destination="archive")
    assert printed_ids(capsys) == []
    assert retry(config, one[:8], every=False, destination=None) == 0
    until(lambda: job_process.calls(layout.root).count(f"deliver {one} pacs") == 2)
    until(lambda: states(queue, one)["pacs"] is State.PARKED)
    retry(config, None, every=True, destination="pacs")
    assert "2 begin anew" in capsys.readouterr().out
    until(lambda: job_process.calls(layout.root).count(f"deliver {two} pacs") == 2)
    until(lambda: states(queue, two)["pacs"] is State.PARKED)
    with pytest.raises(NothingParked):
        retry(config, one, every=False, destination="archive")


def test_retry_wants_an_image_or_all(config: Path, layout: Layout) -> None:
    for named, every in ((None, False), ("abcd", True)):
        with pytest.raises(NothingNamed):
            retry(config, named, every=every, destination=None)


def test_what_waits_is_cancelled_is_never_run_and_can_be_retried(
    config: Path, layout: Layout, queue: DatabaseQueue, start: Start
) -> None:
    one, two = received(layout, queue, count=2)
    assert cancel_image(config, one, destination=None) == 0
    assert states(queue, one) == {None: State.CANCELLED}
    with pytest.raises(NothingWaits):
        cancel_image(config, one, destination=None)
    queue.enqueue_image(one)  # as a sweep or a re-send would
    start("work", "nowhere")
    until(lambda: states(queue, two) == {None: State.DONE})
    assert job_process.calls(layout.root) == [f"read {two}"]
    retry(config, one, every=False, destination=None)
    until(lambda: states(queue, one) == {None: State.DONE})


def test_paused_reading_begins_nothing_also_after_a_restart_and_goes_on_when_resumed(
    config: Path, layout: Layout, queue: DatabaseQueue, start: Start
) -> None:
    pause(config, "reading")
    (key,) = received(layout, queue)
    start("work", "nowhere")  # the first worker ever: it declares the queues
    until(lambda: queue.open()[0].retrieve_queue("images") is not None)
    time.sleep(1.5)
    assert states(queue, key) == {None: State.WAITING}
    resume(config, "reading")
    until(lambda: states(queue, key) == {None: State.DONE})


def test_reading_paused_in_a_running_worker_acts_at_once(
    settings: Settings, layout: Layout, queue: DatabaseQueue, start: Start
) -> None:
    (first,) = received(layout, queue)
    start("work", "nowhere")
    until(lambda: states(queue, first) == {None: State.DONE})
    pause_reading(queue, settings)
    time.sleep(0.5)
    second = store(layout, image(seed=7))
    queue.enqueue_image(second)
    time.sleep(1)
    assert states(queue, second) == {None: State.WAITING}
    resume_reading(queue, settings)
    until(lambda: states(queue, second) == {None: State.DONE})


def test_a_destination_is_paused_by_its_name_and_no_other(config: Path, layout: Layout) -> None:
    pause(config, "pacs")
    assert Destinations(layout).paused() == ["pacs"]
    resume(config, "pacs")
    assert Destinations(layout).paused() == []
    with pytest.raises(NoSuchDestination, match="known are archive, pacs, reading"):
        pause(config, "elsewhere")


def test_the_status_of_a_node_that_is_well_ends_with_0(
    config: Path, settings: Settings, layout: Layout, queue: DatabaseQueue, capsys: pytest.CaptureFixture[str]
) -> None:
    for role in ("receive", "work", "deliver"):
        Pulse(settings, role).beat()
    received(layout, queue)
    assert show_status(config, as_json=False) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == ["ok"] * len(lines)
    assert any("1 waiting, the oldest for" in line for line in lines)
    assert any("1 received, 0 read" in line for line in lines)


def test_the_status_of_a_node_with_parked_results_ends_with_1_and_is_machine_readable(
    config: Path, layout: Layout, queue: DatabaseQueue, start: Start, capsys: pytest.CaptureFixture[str]
) -> None:
    (key,) = received(layout, queue)
    start("work", "well")
    start("deliver", "pacs-refuses")
    until(lambda: states(queue, key) == {None: State.DONE, "pacs": State.PARKED, "archive": State.DONE})
    assert show_status(config, as_json=True) == 1
    document = json.loads(capsys.readouterr().out)
    assert document["needs_person"] is True
    (pacs,) = [line for line in document["lines"] if line["name"] == "pacs"]
    assert (pacs["counts"], pacs["last_code"]) == ({"parked": 1}, "a900")
    wrong = {finding["what"] for finding in document["findings"] if finding["level"] == "FAIL"}
    assert wrong == {"receive", "work", "deliver", "to pacs"}


def test_a_job_database_that_is_away_is_said_in_the_status(
    config: Path, layout: Layout, capsys: pytest.CaptureFixture[str]
) -> None:
    layout.job_database.mkdir()
    assert show_status(config, as_json=False) == 1
    assert "FAIL  job database" in capsys.readouterr().out


def test_a_process_that_ends_as_asked_leaves_no_sign(settings: Settings, layout: Layout) -> None:
    pulse = Pulse(settings, "work")
    pulse.beat()
    assert [sign.role for sign in signs(layout)] == ["work"]
    pulse.end()
    assert signs(layout) == []
