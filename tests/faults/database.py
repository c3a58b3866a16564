"""The job database locked by somebody else for half a minute, while images come."""

import sqlite3
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

from tests.faults import account
from tests.faults.phantoms import SMALL, Image, images
from tests.faults.scenario import Row, Scale, Scenario, at_most, exactly, scratch
from tests.faults.site import Site, site
from tests.support.recording_pacs import recording_pacs

LOCKED_S = 30.0
MODALITY_WAITS_S = 30.0
"""A common DIMSE timeout of modalities."""
SETTLING_S = 180.0


def run(scale: Scale) -> Sequence[Row]:
    """Two modalities send meanwhile; what they sent before is in hand."""
    count = scale.pick(12, 60)
    with scratch("database") as folder, recording_pacs() as pacs:
        sent = images(folder / "images", count, SMALL)
        with site(folder / "node", {"PACS": pacs.port}, quick=True) as node:
            node.send_all(sent[: count // 3])
            with locked(node.folder / "state" / "jobs.sqlite", LOCKED_S):
                waits = [_acknowledged_s(node, image) for image in sent[count // 3 :]]
            return [
                at_most("longest wait for an acknowledgement meanwhile", MODALITY_WAITS_S, max(waits), "s"),
                exactly("calls of storescu for each image", 1, node.attempts / count, "calls"),
                exactly("processes that died of it", 0, node.log.count("role_died")),
                account.settled(node.settings, timeout_s=SETTLING_S),
                account.stored(node.settings, node.acknowledged),
                *account.answered(pacs, node.acknowledged),
            ]


def _acknowledged_s(node: Site, image: Image) -> float:
    started = time.monotonic()
    node.send(image)
    return time.monotonic() - started


@contextmanager
def locked(database: Path, seconds: float) -> Iterator[None]:
    """Hold SQLite's write lock for that long, at least until the block ends."""
    held, ended = threading.Event(), threading.Event()

    def hold() -> None:
        with closing(sqlite3.connect(database, timeout=30, isolation_level=None)) as connection:
            connection.execute("BEGIN IMMEDIATE")
            held.set()
            until = time.monotonic() + seconds
            ended.wait()
            time.sleep(max(0.0, until - time.monotonic()))
            connection.execute("ROLLBACK")

    thread = threading.Thread(target=hold, daemon=True)
    thread.start()
    if not held.wait(60):
        raise RuntimeError("the database's lock could not be had")
    try:
        yield
    finally:
        ended.set()
        thread.join()


SCENARIOS = (
    Scenario(
        "database-locked",
        "The SQLite file of the jobs is locked for at least 30 s while images come; the reader is a stand-in.",
        run,
    ),
)
