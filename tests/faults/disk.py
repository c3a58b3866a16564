"""No space left: at each operation of accepting an image and of writing results, and at each page of a small disk."""

import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

from dicom_node.errors import StorageFull
from dicom_node.receive.scp import start
from dicom_node.spool.layout import Layout
from dicom_node.spool.origin import Origin
from dicom_node.spool.results import MANIFEST, write_results
from dicom_node.spool.store import MIB, Inbox
from tests.faults.full_disk import PAGE_BYTES, SmallDisk, failing_at, small_disk
from tests.faults.phantoms import SMALL, images
from tests.faults.power import is_whole_image, is_whole_result
from tests.faults.results_writer import key_of, new_objects
from tests.faults.scenario import Row, Scale, Scenario, exactly, noted, scratch
from tests.faults.site import store
from tests.support.receiving import RecordingQueue, settings_in

ORIGIN = Origin("MODALITY", "BONEAGE", "127.0.0.1", datetime(2026, 1, 15, tzinfo=UTC))
SUMMARY = {"status": "read", "destinations": []}
DISK_MIB = 4
STEP_PAGES, RESULT_STEP_PAGES = 4, 16
"""In the short form; one page in the full form."""


@dataclass
class Tally:
    """Of all attempts on a full disk. refused: told so; halves: taken for whole; stuck: not possible afterwards."""

    refused: int = 0
    taken: int = 0
    unforeseen: int = 0
    halves: int = 0
    left: int = 0
    stuck: int = 0

    def rows(self, what: str) -> list[Row]:
        """The table's lines."""
        return [
            noted(f"{what}: refused for want of space, taken", f"{self.refused}, {self.taken}", "times"),
            exactly(f"{what}: other faults", 0, self.unforeseen),
            exactly(f"{what}: halves taken for whole", 0, self.halves),
            exactly(f"{what}: files left behind", 0, self.left),
            exactly(f"{what}: not possible once there was room", 0, self.stuck),
        ]


def run(scale: Scale) -> Sequence[Row]:
    """Operations first, on any disk; then pages, where a tmpfs can be mounted."""
    with scratch("disk") as folder:
        image = images(folder / "images", 1, SMALL)[0].path
        rows = [
            *_each_operation(folder / "accept", _accepting(image)).rows("accept, each operation"),
            *_each_operation(folder / "results", _writing()).rows("results, each operation"),
        ]
        with small_disk(folder / "disk", DISK_MIB) as disk:
            if disk is None:
                return [*rows, noted("a small tmpfs", "cannot be mounted here: pages were not tried")]
            step, result_step = (scale.pick(pages, 1) * PAGE_BYTES for pages in (STEP_PAGES, RESULT_STEP_PAGES))
            rows += _each_page_received(disk, image, step).rows("C-STORE, a small disk with ever more room")
            rows += _each_page_written(disk, result_step).rows("results, a small disk with ever more room")
            return [*rows, *_reserve(disk, image)]


Attempt = Callable[[Path], tuple[Callable[[], object], Callable[[], bool]]]
"""Prepares one attempt in an empty folder: what to do, and whether what is there afterwards is whole."""


def _each_operation(folder: Path, prepare: Attempt) -> Tally:
    """Fail the first operation, then the second, until it goes through; after each, once more with room."""
    tally = Tally()
    for number in count(1):
        state = folder / str(number)
        state.mkdir(parents=True)
        act, is_whole = prepare(state)
        with failing_at(number) as came:
            _try(act, tally)
        if not came():
            return tally
        tally.halves += not is_whole()
        act()
        tally.stuck += not is_whole() or not any(state.rglob("*.dcm"))
        tally.left += len(list(state.glob("incoming/*.part")))
        shutil.rmtree(state)
    raise AssertionError


def _try(act: Callable[[], object], tally: Tally) -> None:
    try:
        act()
        tally.taken += 1
    except StorageFull:
        tally.refused += 1
    except Exception:
        tally.unforeseen += 1


def _accepting(image: Path) -> Attempt:
    def prepare(state: Path) -> tuple[Callable[[], object], Callable[[], bool]]:
        inbox = Inbox(Layout(state))
        inbox.prepare()

        def act() -> None:
            arrived = shutil.copy(image, inbox.layout.incoming / "arrived.part")
            try:
                inbox.accept(Path(arrived), ORIGIN)
            finally:
                Path(arrived).unlink(missing_ok=True)  # as the receiver does

        return act, lambda: all(is_whole_image(inbox.layout, key) for key in list(inbox.keys()))

    return prepare


def _writing() -> Attempt:
    objects = new_objects(0)

    def prepare(state: Path) -> tuple[Callable[[], object], Callable[[], bool]]:
        layout = Layout(state)
        final = layout.results(key_of(0)) / MANIFEST
        return (
            lambda: write_results(layout, key_of(0), objects, SUMMARY),
            lambda: not final.exists() or is_whole_result(layout, key_of(0)),
        )

    return prepare


def _each_page_received(disk: SmallDisk, image: Path, step: int) -> Tally:
    """storescu to a receiver with a new spool and a little more room each time, until the image is taken."""
    tally = Tally()
    for free_bytes in count(0, step):
        with _receiver(disk.root / "state") as (port, inbox):
            disk.leave(free_bytes)
            taken = store(image, port)
            keys = list(inbox.keys())
            tally.halves += sum(not is_whole_image(inbox.layout, key) for key in keys) + (taken and not keys)
            tally.left += len(list(inbox.layout.incoming.iterdir()))
            disk.empty()
            tally.stuck += not store(image, port) or not is_whole_image(inbox.layout, next(inbox.keys()))
        shutil.rmtree(disk.root / "state")
        tally.taken, tally.refused = tally.taken + taken, tally.refused + (not taken)
        if taken:
            return tally
    raise AssertionError


def _each_page_written(disk: SmallDisk, step: int) -> Tally:
    tally, prepare = Tally(), _writing()
    for free_bytes in count(0, step):
        state = disk.root / "state"
        state.mkdir()
        act, is_whole = prepare(state)
        disk.leave(free_bytes)
        _try(act, tally)
        tally.halves += not is_whole()
        disk.empty()
        act()
        tally.stuck += not is_whole() or not any(state.rglob(MANIFEST))
        shutil.rmtree(state)
        if tally.taken:
            return tally
    raise AssertionError


def _reserve(disk: SmallDisk, image: Path) -> list[Row]:
    """The threshold acts before the disk is full, and lets images in again by itself."""
    with _receiver(disk.root / "state", minimum_free_mib=1) as (port, _inbox):
        disk.leave(MIB // 2)
        refused = not store(image, port)
        disk.empty()
        again = store(image, port)
    return [
        exactly("less free than the reserve: refused", True, refused),
        exactly("room again: taken, without a restart", True, again),
    ]


@contextmanager
def _receiver(state: Path, minimum_free_mib: int = 0) -> Iterator[tuple[int, Inbox]]:
    settings = settings_in(state)
    inbox = Inbox(Layout(state), minimum_free_mib=minimum_free_mib)
    receiver = start(settings, inbox, RecordingQueue())
    try:
        yield receiver.port, inbox
    finally:
        receiver.stop(5.0)


SCENARIOS = (
    Scenario(
        "disk-full",
        "There is no space left: at each operation of accepting an image and of writing results, then on a small "
        "tmpfs with some pages more each time.",
        run,
    ),
)
