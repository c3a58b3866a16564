"""What the job database says of images: every attempt at reading and delivering them. No patient data lies in it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from dbos import WorkflowStatus
from sqlalchemy.exc import SQLAlchemyError

from dicom_node.errors import JobsUnavailable
from dicom_node.jobs import names
from dicom_node.jobs.client import DatabaseQueue

STATES = {
    "DELAYED": "waits", "ENQUEUED": "queued", "PENDING": "in hand", "SUCCESS": "ended", "CANCELLED": "cancelled",
}  # fmt: skip
"""DBOS's status of a workflow in our words; any other is a fault of the engine."""

MANY = 200
"""Of more images than this all attempts are read: a search by prefix looks at every row for each."""


@dataclass(frozen=True)
class Attempt:
    """One attempt. destination: None where it reads the image.

    state: waits, queued, held (until its destination is back), in hand, ended, cancelled or failed.
    verdict, code: of one that ended. delay_s: wait before the next.
    """

    key: str
    destination: str | None
    number: int
    state: str
    created_at: datetime
    verdict: str = ""
    code: str = ""
    delay_s: float | None = None


def latest_images(queue: DatabaseQueue, limit: int) -> list[str]:
    """Keys of the images whose jobs came last, the latest first. Raises JobsUnavailable."""
    found = _asked(queue, name=names.READ_IMAGE, sort_desc=True, limit=4 * limit)
    return list(dict.fromkeys(attempt.key for attempt in found))[:limit]


def ended_before(queue: DatabaseQueue, time: datetime) -> list[str]:
    """Keys of the images a reading of which ended before that time, the oldest first. Raises JobsUnavailable."""
    found = _asked(queue, name=names.READ_IMAGE, status="SUCCESS", completed_before=time.isoformat(), load_output=False)
    return list(dict.fromkeys(attempt.key for attempt in found))


def every_attempt(queue: DatabaseQueue, *, since: datetime | None = None) -> dict[str, list[Attempt]]:
    """Every attempt of every image whose job is in the database, in the order they were made.

    since: only attempts made from then on. Raises JobsUnavailable.
    """
    made: dict[str, list[Attempt]] = {}
    kinds, start = [names.READ_IMAGE, names.DELIVER_RESULTS], since.isoformat() if since else None
    for attempt in _asked(queue, name=kinds, start_time=start):
        made.setdefault(attempt.key, []).append(attempt)
    return made


def attempts(queue: DatabaseQueue, keys: Sequence[str]) -> dict[str, list[Attempt]]:
    """Every attempt of each key, in the order they were made. Raises JobsUnavailable."""
    if len(keys) > MANY:
        every = every_attempt(queue)
        return {key: every.get(key, []) for key in keys}
    made: dict[str, list[Attempt]] = {key: [] for key in keys}
    for attempt in _listed(queue, [prefix for key in keys for prefix in names.jobs_of(key)]):
        made.setdefault(attempt.key, []).append(attempt)
    return made


def _listed(queue: DatabaseQueue, prefixes: list[str]) -> Iterable[Attempt]:
    if not prefixes:
        return ()
    return _asked(queue, workflow_id_prefix=prefixes)


def _asked(queue: DatabaseQueue, **asked: Any) -> Iterable[Attempt]:
    client, _engine = queue.open()
    try:
        found = client.list_workflows(load_input=False, **asked)
    except SQLAlchemyError as error:
        raise JobsUnavailable(f"job database: {type(error).__name__}") from error
    return map(_attempt, found)


def _attempt(status: WorkflowStatus) -> Attempt:
    key, destination, number = names.parsed(status.workflow_id)
    outcome = status.output if isinstance(status.output, dict) else {}
    return Attempt(
        key=key,
        destination=destination,
        number=number,
        state="held" if names.is_held(status.queue_name) else STATES.get(status.status, "failed"),
        created_at=datetime.fromtimestamp((status.created_at or 0) / 1000, UTC),
        verdict=str(outcome.get("verdict", "")),
        code=str(outcome.get("code", "")),
        delay_s=outcome.get("delay_s"),
    )
