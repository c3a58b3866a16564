"""The highest rate that the node sustains, with random kills, and what its processes hold at the start and the end."""

import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import psutil

from dicom_node.operate.serve import ROLES
from tests.faults.kills import hospital, whole
from tests.faults.phantoms import Image, stream
from tests.faults.scenario import Row, Scale, Scenario, at_least, at_most, exactly, noted, scratch
from tests.faults.site import Site, killing
from tests.support.recording_pacs import RecordingPacs

IN_HAND = 16
"""Images that are sent and not answered yet, at most: more would only wait in the spool."""
WARM_UP = 8
ANSWER_S = 300.0
KILL_EVERY_S = 30.0
MEMORY_TIMES, MEMORY_SPARE_MIB = 1.3, 100.0
THREADS_SPARE, DESCRIPTORS_SPARE = 10, 20
MIB = 1 << 20


@dataclass(frozen=True)
class Holdings:
    """Of one role's process."""

    memory_mib: float
    threads: int
    descriptors: int


def run(scale: Scale) -> Sequence[Row]:
    """Up to sixteen modalities send as fast as answers come."""
    seconds = scale.pick(60, 1800)
    kills = max(2, round(seconds / KILL_EVERY_S))
    between_s = (0.5 * seconds / kills, seconds / kills)
    with scratch("soak") as folder, hospital(folder) as (node, pacs, archive):
        images = stream(folder / "images")
        _run_for(node, pacs, images, count=WARM_UP)
        start = holdings(node)
        began, before = time.monotonic(), len(node.acknowledged)
        with killing(node, kills, between_s=between_s, seed=7) as done:
            _run_for(node, pacs, images, until=began + seconds)
        took = time.monotonic() - began
        count = len(node.acknowledged) - before
        rows = whole(node, pacs, archive)
        return [
            exactly("kills", kills, sum(done.values())),
            at_least("images answered", 1, count, "images"),
            noted("images a minute, kills included", 60 * count / took, "images/min"),
            *_compared(start, holdings(node)),
            *rows,
        ]


def holdings(node: Site) -> dict[str, Holdings]:
    """By role, with its child processes; waits until all roles run."""
    deadline = time.monotonic() + ANSWER_S
    while time.monotonic() < deadline:
        try:
            return {role: _holdings(node, role) for role in ROLES}
        except (psutil.Error, LookupError):
            time.sleep(0.5)
    raise TimeoutError("a role does not come back")


def _holdings(node: Site, role: str) -> Holdings:
    process = node.role(role)
    if process is None:
        raise LookupError(role)
    family = [process, *process.children(recursive=True)]
    return Holdings(sum(each.memory_info().rss for each in family) / MIB, process.num_threads(), process.num_fds())


def _compared(start: dict[str, Holdings], end: dict[str, Holdings]) -> Iterator[Row]:
    for role in ROLES:
        first, last = start[role], end[role]
        limit = MEMORY_TIMES * first.memory_mib + MEMORY_SPARE_MIB
        yield noted(f"{role}: memory at the start", first.memory_mib, "MiB")
        yield at_most(f"{role}: memory at the end", limit, last.memory_mib, "MiB")
        yield noted(f"{role}: threads, descriptors at the start", f"{first.threads}, {first.descriptors}")
        yield at_most(f"{role}: threads at the end", first.threads + THREADS_SPARE, last.threads)
        yield at_most(f"{role}: descriptors at the end", first.descriptors + DESCRIPTORS_SPARE, last.descriptors)


def _run_for(
    node: Site, pacs: RecordingPacs, images: Iterator[Image], *, count: int | None = None, until: float = float("inf")
) -> None:
    """Send images until there were so many, or until the time is over, and wait for the answers of all."""
    room = threading.Semaphore(IN_HAND)

    def one(image: Image) -> None:
        node.send(image)
        image.path.unlink()
        pacs.await_answer(image.study_uid, ANSWER_S)
        room.release()

    with ThreadPoolExecutor(IN_HAND) as pool:
        sent = 0
        while (count is None or sent < count) and time.monotonic() < until:
            if room.acquire(timeout=1.0):
                pool.submit(one, next(images))
                sent += 1


SCENARIOS = (
    Scenario(
        "soak",
        "Images come as fast as they are answered, and random processes are killed meanwhile; the shipped reader.",
        run,
    ),
)
