"""What is looked after at intervals: a real spool, a real job database, files that processes left behind."""

import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from dicom_node.errors import SpoolUnwritable, StorageFull
from dicom_node.jobs.client import DatabaseQueue, open_queue
from dicom_node.jobs.history import every_attempt
from dicom_node.jobs.housekeeping import Housekeeper
from dicom_node.operate.agreement import compared
from dicom_node.receive.dataset import IncomingDataSet, ObjectLimits
from dicom_node.settings_storage import Retention, Storage
from dicom_node.spool.holding import alone, shared
from dicom_node.spool.layout import Layout
from dicom_node.spool.leftovers import remove_leftovers
from dicom_node.spool.removal import forget, interrupted, recall_removed, remove
from dicom_node.spool.results import NewObject, write_results
from dicom_node.spool.store import Inbox
from dicom_node.work.exposure import Standing
from dicom_node.work.turn import became
from tests.integration.test_jobs import until
from tests.integration.test_jobs_command import SUMMARY, store
from tests.support import job_process
from tests.support.receiving import association, image, receiving, settings_in

NOW = datetime.now(UTC)
LATER = NOW + timedelta(days=31)


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    layout = Layout(tmp_path)
    Inbox(layout).prepare()
    return layout


@pytest.fixture
def queue(layout: Layout) -> Iterator[DatabaseQueue]:
    with closing(open_queue(job_process.settings_in(layout.root))) as queue:
        yield queue


def age(path: Path, *, seconds: float = 7200) -> Path:
    """As if nobody had touched it for so long."""
    then = time.time() - seconds
    os.utime(path, (then, then))
    return path


def finished(layout: Layout, *, seed: int = 0, destinations: tuple[str, ...] = job_process.DESTINATIONS) -> str:
    """A stored image with results."""
    key = store(layout, image(seed=seed))
    write_results(layout, key, [NewObject("report", image(seed=seed))], SUMMARY | {"destinations": destinations})
    return key


def ended(queue: DatabaseQueue) -> int:
    return sum(each.state == "ended" for made in every_attempt(queue).values() for each in made)


def run_jobs(layout: Layout, queue: DatabaseQueue, keys: list[str], *, delivery: str = "well") -> None:
    """Read and deliver them by processes with stand-ins."""
    for key in keys:
        queue.enqueue_image(key)
    processes = [job_process.start("work", layout.root, "well"), job_process.start("deliver", layout.root, delivery)]
    try:
        until(lambda: ended(queue) == 3 * len(keys), within_s=60)
    finally:
        for process in processes:
            process.kill()
            process.communicate()


def keeper(layout: Layout, queue: DatabaseQueue, **retention: float | None) -> Housekeeper:
    storage = Storage(directory=layout.root, retention=Retention.model_validate(retention))
    return Housekeeper(storage, Inbox(layout), queue)


def test_an_image_without_a_job_gets_one_at_intervals_too(layout: Layout, queue: DatabaseQueue) -> None:
    first = store(layout, image(seed=1))
    housekeeper = Housekeeper(Storage(directory=layout.root, sweep_interval_s=1), Inbox(layout), queue)
    housekeeper.start()
    try:
        until(lambda: set(every_attempt(queue)) == {first})
        second = store(layout, image(seed=2))
        until(lambda: set(every_attempt(queue)) == {first, second})
    finally:
        housekeeper.stop()


def test_only_one_process_looks_after_things_at_a_time(layout: Layout, queue: DatabaseQueue) -> None:
    store(layout, image())
    with alone(layout.root / "sweep.lock"):
        assert not keeper(layout, queue).once(NOW)
        assert every_attempt(queue) == {}
    assert keeper(layout, queue).once(NOW)
    assert len(every_attempt(queue)) == 1


def test_finished_images_go_when_they_are_old_and_leave_a_memory_and_no_row(
    layout: Layout, queue: DatabaseQueue
) -> None:
    key = finished(layout)
    run_jobs(layout, queue, [key])
    keeper(layout, queue).once(NOW)
    assert layout.image(key).exists()
    keeper(layout, queue).once(LATER)
    assert not layout.image(key).parent.exists()
    assert not layout.results(key).exists()
    assert every_attempt(queue) == {}
    removed = recall_removed(layout, key)
    assert removed is not None
    assert (removed.sop_instance_uid, removed.status) == (image().SOPInstanceUID, "read")
    assert became(layout, key) is Standing.READ
    assert compared(job_process.settings_in(layout.root)) == (0, {})


def test_what_is_undelivered_stays_however_old_and_large(layout: Layout, queue: DatabaseQueue) -> None:
    key = finished(layout)
    run_jobs(layout, queue, [key], delivery="pacs-refuses")
    keeper(layout, queue, maximum_gib=1e-9).once(LATER + timedelta(days=9999))
    assert layout.image(key).exists()
    assert layout.results(key).exists()
    assert len(every_attempt(queue)[key]) == 3


def test_above_the_size_the_first_to_end_goes_first(layout: Layout, queue: DatabaseQueue) -> None:
    one = finished(layout, seed=1)
    run_jobs(layout, queue, [one])
    waiting = store(layout, image(seed=2))
    size = sum(path.stat().st_size for path in layout.root.glob("[ir]*/*/*/*"))
    keeper(layout, queue, keep_days=None, maximum_gib=(size - 1) / 2**30).once(datetime.now(UTC))
    assert set(Inbox(layout).keys()) == {waiting}
    assert recall_removed(layout, one) is not None


def test_a_removed_image_that_is_sent_again_is_acknowledged_and_not_read_twice(tmp_path: Path) -> None:
    with receiving(settings_in(tmp_path / "state")) as node, association(node.port) as assoc:
        assert assoc.send_c_store(image()).Status == 0
        (key,) = node.stored()
        remove(node.inbox.layout, key, NOW)
        assert assoc.send_c_store(image()).Status == 0
        assert (node.stored(), len(node.queue.keys)) == ([], 1)
        assert forget(node.inbox.layout, LATER) == 1
        assert assoc.send_c_store(image()).Status == 0
        assert (node.stored(), len(node.queue.keys)) == ([key], 2)


def test_an_interrupted_removal_is_finished_the_next_time(
    layout: Layout, queue: DatabaseQueue, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = finished(layout)
    with monkeypatch.context() as dying:
        dying.setattr(shutil, "rmtree", dies)
        with pytest.raises(SpoolUnwritable):
            remove(layout, key, NOW)
    assert layout.image(key).exists()
    assert list(interrupted(layout)) == [key]
    keeper(layout, queue).once(NOW)
    assert not layout.image(key).parent.exists()
    assert not layout.results(key).exists()


def dies(_folder: Path) -> None:
    raise OSError("injected")


def test_leftovers_of_dead_processes_go_and_what_is_young_or_whole_stays(layout: Layout) -> None:
    key = finished(layout)
    half_image = layout.image("ab" * 32).parent
    half_image.mkdir(parents=True)
    (half_image / "origin.json").write_text("{}")
    half_results = layout.results("cd" * 32)
    half_results.mkdir(parents=True)
    (half_results / "report.dcm").write_bytes(b"half")
    (layout.results(key) / "tmpx.part").write_bytes(b"")
    mark = layout.deferred / ("ef" * 32)
    mark.write_bytes(b"")
    Inbox(layout).defer(key)
    assert remove_leftovers(layout) == 1  # the mark; everything else is too young
    for path in (half_image, half_results, layout.results(key) / "tmpx.part", layout.image(key).parent):
        age(path)
    age(layout.results(key))
    assert remove_leftovers(layout) == 3
    assert not half_image.exists()
    assert not half_results.exists()
    assert sorted(path.name for path in layout.results(key).iterdir()) == [
        "manifest.json",
        "reading.json",
        "report.dcm",
    ]
    assert Inbox(layout).deferred() == [key]
    assert list(Inbox(layout).keys()) == [key]


def test_no_image_folder_goes_while_an_image_is_put_into_one(layout: Layout) -> None:
    half_image = layout.image("ab" * 32).parent
    half_image.mkdir(parents=True)
    age(half_image)
    with shared(layout.arriving):
        assert remove_leftovers(layout) == 0
    assert remove_leftovers(layout) == 1


def test_a_file_that_is_being_received_stays_also_when_the_clock_jumps(layout: Layout) -> None:
    inbox = Inbox(layout)
    arriving = IncomingDataSet(inbox, ObjectLimits(1 << 20), lambda: b"header")
    arriving.write(b"the first fragment")
    (part,) = layout.incoming.iterdir()
    age(part, seconds=1e6)
    assert inbox.sweep_incoming(untouched_s=600) == 0
    arriving.write(b"the second")
    assert arriving.take() == part
    age(part)
    assert inbox.sweep_incoming(untouched_s=600) == 1


def test_a_full_disk_is_a700_and_images_are_accepted_again_once_there_is_a_tenth_more(tmp_path: Path) -> None:
    small = tmp_path / "small"
    small.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=16m", "tmpfs", str(small)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("no tmpfs can be mounted here")
    try:
        inbox = Inbox(Layout(small), minimum_free_mib=10)
        inbox.prepare()
        filling = small / "filling"
        filling.write_bytes(bytes(7 << 20))
        with pytest.raises(StorageFull):
            inbox.require_room()
        filling.write_bytes(bytes((11 << 20) // 2))  # 10.5 MiB are free: enough, were it not for what was before
        with pytest.raises(StorageFull):
            inbox.require_room()
        Inbox(Layout(small), minimum_free_mib=10).require_room()
        filling.write_bytes(bytes(4 << 20))
        inbox.require_room()
        filling.write_bytes(bytes((11 << 20) // 2))
        inbox.require_room()
    finally:
        subprocess.run(["umount", str(small)], check=True)
