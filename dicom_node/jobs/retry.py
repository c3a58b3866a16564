"""What was parked, failed or cancelled begins anew, and what waits is cancelled, because an operator says so."""

from collections.abc import Iterable

from dbos import EnqueueOptions
from sqlalchemy.exc import SQLAlchemyError

from dicom_node.errors import JobsUnavailable, NodeError
from dicom_node.jobs import names
from dicom_node.jobs.client import DatabaseQueue
from dicom_node.jobs.history import attempts
from dicom_node.jobs.standing import RETRIED, Standing, State, standings
from dicom_node.jobs.workflows import delivery_options, image_options

CANCELLABLE = frozenset({State.WAITING, State.DELAYED})
"""What is in hand ends by itself: its step cannot be taken back."""


class NothingParked(NodeError):
    """There is no parked job of that image: it was done, still waits, or never began."""

    code = "nothing-parked"


def retry_delivery(queue: DatabaseQueue, key: str, destination: str) -> int:
    """Enqueue another attempt at a parked delivery, with all its time before it; the attempt's number.

    Asked for twice at once it is one attempt. Raises NothingParked, JobsUnavailable.
    """
    number = _parked(queue, key, destination).number + 1
    _enqueue(queue, delivery_options(key, destination, number, None), key, destination, number, 0.0)
    return number


def retry_reading(queue: DatabaseQueue, key: str) -> int:
    """Enqueue another attempt at a parked reading, alone and with all its time before it; the attempt's number.

    Asked for twice at once it is one attempt. Raises NothingParked, JobsUnavailable.
    """
    number = _parked(queue, key, None).number + 1
    _enqueue(queue, image_options(key, number, 0.0), key, number, 0.0)
    return number


def cancel(queue: DatabaseQueue, jobs: Iterable[Standing]) -> list[Standing]:
    """Take back those that wait, and give them; what is cancelled can be retried. Raises JobsUnavailable."""
    cancelled = [job for job in jobs if job.state in CANCELLABLE]
    client, _engine = queue.open()
    try:
        client.cancel_workflows([names.job_id(job.key, job.destination, job.number) for job in cancelled])
    except SQLAlchemyError as error:
        raise JobsUnavailable(f"job database: {type(error).__name__}") from error
    return cancelled


def _parked(queue: DatabaseQueue, key: str, destination: str | None) -> Standing:
    found = [each for each in standings(attempts(queue, [key])[key]) if each.destination == destination]
    if not found or found[0].state not in RETRIED:
        what = "reading" if destination is None else f"delivery to {destination}"
        raise NothingParked(f"no parked {what} of {key[:12]}; `jobs show` tells how it stands")
    return found[0]


def _enqueue(queue: DatabaseQueue, options: EnqueueOptions, *arguments: object) -> None:
    client, engine = queue.open()
    try:
        # In our own transaction: DBOS's own enqueue retries a locked database without end.
        with engine.begin() as connection:
            client.enqueue_in_transaction(connection, options, *arguments)
    except SQLAlchemyError as error:
        raise JobsUnavailable(f"job database: {type(error).__name__}") from error
