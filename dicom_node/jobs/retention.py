"""Which images are finished and may go, and their removal: files first, then the rows of their jobs."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from dicom_node.errors import NodeError
from dicom_node.jobs import names
from dicom_node.jobs.client import DatabaseQueue
from dicom_node.jobs.history import attempts, ended_before
from dicom_node.jobs.standing import Standing, State, standings
from dicom_node.settings_storage import Retention
from dicom_node.spool.removal import forget, interrupted, remove, size_bytes
from dicom_node.spool.results import destinations_of
from dicom_node.spool.store import Inbox

GIB = 1 << 30

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Finished:
    """An image version that is done with. size_bytes: of its files; 0 where nobody asked."""

    key: str
    ended_at: datetime
    size_bytes: int = 0


def is_finished(jobs: Sequence[Standing], destinations: Iterable[str]) -> bool:
    """Whether it was read, and delivered to each of the destinations of its results."""
    by_destination = {job.destination: job.state for job in jobs}
    done = all(state is State.DONE for state in by_destination.values())
    return done and {None, *destinations} <= set(by_destination)


def expendable(finished: Iterable[Finished], total_bytes: int, retention: Retention, now: datetime) -> list[str]:
    """Keys of those that go: too old, and of the rest the oldest while all files together are too many."""
    keep = timedelta(days=retention.keep_days) if retention.keep_days is not None else None
    limit_bytes = retention.maximum_gib * GIB if retention.maximum_gib is not None else None
    going = []
    for each in sorted(finished, key=lambda each: each.ended_at):
        too_old = keep is not None and now - each.ended_at > keep
        if not too_old and (limit_bytes is None or total_bytes <= limit_bytes):
            break
        going.append(each.key)
        total_bytes -= each.size_bytes
    return going


def retain(inbox: Inbox, queue: DatabaseQueue, retention: Retention, now: datetime) -> int:
    """Remove what may go, and say how many; a fault is logged and left for the next time."""
    layout, removed = inbox.layout, 0
    try:
        for key in interrupted(layout):
            remove(layout, key, now)
        for key, job_ids in _going(inbox, queue, retention, now):
            remove(layout, key, now)
            queue.forget(job_ids)
            removed += 1
        forget(layout, now - timedelta(days=retention.remember_days))
    except NodeError as error:
        log.warning("retention_interrupted", code=error.code)
    if removed:
        log.info("images_removed", count=removed)
    return removed


def _going(inbox: Inbox, queue: DatabaseQueue, retention: Retention, now: datetime) -> list[tuple[str, list[str]]]:
    """Keys that go, each with the ids of its jobs."""
    sizes = _sizes(inbox, retention)
    total_bytes = sum(sizes.values())
    over = retention.maximum_gib is not None and total_bytes > retention.maximum_gib * GIB
    if retention.keep_days is None and not over:
        return []
    before = now if over or retention.keep_days is None else now - timedelta(days=retention.keep_days)
    made = attempts(queue, ended_before(queue, before))
    finished = [
        Finished(key, max(job.last_at for job in jobs), sizes.get(key, 0))
        for key, jobs in ((key, standings(of_image)) for key, of_image in made.items())
        if jobs and is_finished(jobs, destinations_of(inbox.layout, key))
    ]
    return [
        (key, [names.job_id(each.key, each.destination, each.number) for each in made[key]])
        for key in expendable(finished, total_bytes, retention, now)
    ]


def _sizes(inbox: Inbox, retention: Retention) -> dict[str, int]:
    """Size of each image version in bytes; not measured where nobody limits it."""
    if retention.maximum_gib is None:
        return {}
    keys = inbox.keys()
    return {key: size_bytes(inbox.layout, key) for key in keys}
