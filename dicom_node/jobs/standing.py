"""How a reading or a delivery stands, from its attempts. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from dicom_node.jobs.contract import Verdict
from dicom_node.jobs.history import Attempt


class State(StrEnum):
    """Where a job stands.

    waiting: its turn comes. delayed: it was tried and is tried again by itself, later or when its destination is back.
    parked, failed, cancelled: it is not tried again by itself; failed is a fault of the job engine.
    refused: the image was answered with a refusal. done: it was read, or delivered, or nothing was to be read.
    """

    WAITING = "waiting"
    RUNNING = "running"
    DELAYED = "delayed"
    PARKED = "parked"
    FAILED = "failed"
    CANCELLED = "cancelled"
    REFUSED = "refused"
    DONE = "done"


UNFINISHED = frozenset({State.WAITING, State.RUNNING, State.DELAYED})
STUCK = frozenset({State.PARKED, State.FAILED})
"""A person has to look at these."""
RETRIED = frozenset({State.PARKED, State.FAILED, State.CANCELLED})
"""These begin anew where somebody asks for it."""

_STATES = {
    "queued": State.WAITING,
    "in hand": State.RUNNING,
    "waits": State.DELAYED,
    "held": State.DELAYED,
    "cancelled": State.CANCELLED,
}


@dataclass(frozen=True)
class Standing:
    """One reading, or one delivery (destination is then its name).

    since: when it began to wait. code: how the last attempt ended that did, empty before that. number: of the last.
    """

    key: str
    destination: str | None
    state: State
    since: datetime
    code: str
    number: int
    last_at: datetime


def standings(made: Iterable[Attempt]) -> list[Standing]:
    """How each reading and delivery stands, from all attempts at it."""
    by_job: dict[tuple[str, str | None], list[Attempt]] = {}
    for attempt in made:
        by_job.setdefault((attempt.key, attempt.destination), []).append(attempt)
    return [_standing(sorted(attempts, key=lambda each: each.number)) for attempts in by_job.values()]


def _standing(attempts: Sequence[Attempt]) -> Standing:
    last = attempts[-1]
    codes = [each.code for each in attempts if each.code]
    return Standing(
        key=last.key,
        destination=last.destination,
        state=_state(last),
        since=attempts[0].created_at,
        code=codes[-1] if codes else "",
        number=last.number,
        last_at=last.created_at,
    )


def _state(last: Attempt) -> State:
    if last.state != "ended":
        return _STATES.get(last.state, State.FAILED)
    if last.verdict == Verdict.PARKED:
        return State.PARKED
    # Between an attempt's end and its successor in the queue lies a moment.
    goes_on = last.verdict in (Verdict.RETRY, Verdict.HELD, Verdict.PENDING)
    return State.DELAYED if goes_on else State.DONE
