"""A newer version of the node starts with the jobs that an older one left waiting, in hand and delayed."""

import os
import signal
import time
from collections.abc import Sequence
from contextlib import AbstractContextManager, suppress
from pathlib import Path

from dicom_node.errors import JobsUnavailable
from dicom_node.jobs import names
from tests.faults import account, version
from tests.faults.phantoms import SMALL, Image, images
from tests.faults.scenario import Row, Scale, Scenario, at_least, exactly, scratch
from tests.faults.site import Site, site
from tests.support.recording_pacs import Mode, RecordingPacs, recording_pacs

FAILED_S = 120.0
SETTLING_S = 180.0
GLIMPSE_S = 0.05
"""For so long the worker runs between two looks."""
CONCURRENCY = 2
"""Images in hand at a time: of those that come to a worker that stands still, the others wait."""


def run(scale: Scale) -> Sequence[Row]:
    """The older version is killed with jobs in every state; the newer one finds its PACS well."""
    count = scale.pick(4, 40)
    with scratch("upgrade") as folder, recording_pacs() as pacs:
        sent = images(folder / "images", 2 * count, SMALL)
        (folder / "node").mkdir()
        (folder / "node" / version.FILE).write_text(str(int(names.VERSION) - 1))
        with _node(folder, pacs) as old:
            delayed = _leave_delayed(old, pacs, sent[:count])
            left = _leave_waiting(old, sent[count:])
            os.killpg(old.process.pid, signal.SIGKILL)
        (folder / "node" / version.FILE).unlink()
        pacs.turn(Mode.WELL)
        with _node(folder, pacs) as new:
            return [
                at_least("deliveries that had failed and waited", count, delayed, "jobs"),
                *(at_least(f"readings {state}", 1, left.count(state), "jobs") for state in ("in hand", "queued")),
                account.settled(new.settings, timeout_s=SETTLING_S),
                exactly("jobs given up", 0, len(account.parked(new.settings)), "jobs"),
                *account.answered(pacs, old.acknowledged),
            ]


def _node(folder: Path, pacs: RecordingPacs) -> AbstractContextManager[Site]:
    return site(folder / "node", {"PACS": pacs.port}, quick=True, work={"concurrency": CONCURRENCY})


def _leave_delayed(node: Site, pacs: RecordingPacs, sent: Sequence[Image]) -> int:
    """Read, and not delivered: the PACS is away."""
    pacs.turn(Mode.DOWN)
    node.send_all(sent)
    return sum(account.await_failure(node.settings, image, timeout_s=FAILED_S) for image in sent)


def _leave_waiting(node: Site, sent: Sequence[Image]) -> list[str]:
    """States of readings, when the worker has some in hand and others wait; it stands still then."""
    worker = node.role("work")
    assert worker is not None
    os.kill(worker.pid, signal.SIGSTOP)
    node.send_all(sent)
    states: list[str] = []
    deadline = time.monotonic() + FAILED_S
    while not {"in hand", "queued"} <= set(states) and time.monotonic() < deadline:
        os.kill(worker.pid, signal.SIGCONT)
        time.sleep(GLIMPSE_S)
        os.kill(worker.pid, signal.SIGSTOP)
        with suppress(JobsUnavailable):  # it was stopped with the database's lock in hand
            states = [each.state for each in account.stuck(node.settings) if each.destination is None]
    return states


SCENARIOS = (
    Scenario(
        "upgrade",
        "A node whose jobs are of an older version is killed with some in hand, some waiting and some delayed; one of "
        "this version starts in its place; the reader is a stand-in.",
        run,
    ),
)
