"""A parked delivery begins anew, because an operator says so."""

from sqlalchemy.exc import SQLAlchemyError

from dicom_node.errors import JobsUnavailable, NodeError
from dicom_node.jobs.client import DatabaseQueue
from dicom_node.jobs.contract import Verdict
from dicom_node.jobs.history import attempts
from dicom_node.jobs.workflows import delivery_options


class NothingParked(NodeError):
    """The image has no parked delivery to that destination: it was delivered, still waits, or never began."""

    code = "nothing-parked"


def retry_delivery(queue: DatabaseQueue, key: str, destination: str) -> int:
    """Enqueue another attempt at a parked delivery, with all its time before it; the attempt's number.

    Asked for twice at once it is one attempt. Raises NothingParked, JobsUnavailable.
    """
    made = [each for each in attempts(queue, [key])[key] if each.destination == destination]
    last = max(made, key=lambda each: each.number, default=None)
    if last is None or not (last.verdict == Verdict.PARKED or last.state == "failed"):
        raise NothingParked(f"no parked delivery of {key[:12]} to {destination}; `jobs show` tells how it stands")
    number = last.number + 1
    client, engine = queue.open()
    options = delivery_options(key, destination, number, None)
    try:
        # In our own transaction: DBOS's own enqueue retries a locked database without end.
        with engine.begin() as connection:
            client.enqueue_in_transaction(connection, options, key, destination, number, 0.0)
    except SQLAlchemyError as error:
        raise JobsUnavailable(f"job database: {type(error).__name__}") from error
    return number
