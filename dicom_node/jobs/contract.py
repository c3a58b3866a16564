"""What the rest of the node knows of the job engine."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Protocol


class Priority(StrEnum):
    """Which images, and their results, go first."""

    STAT = "stat"
    ROUTINE = "routine"


Triage = Callable[[Path, str], Priority]
"""(DICOM file, calling AE title) -> how soon the settings want it read. Raises nothing."""


class JobQueue(Protocol):
    """How the receiver hands an image version over. Raises JobsUnavailable; the same key twice is one job."""

    def enqueue_image(self, key: str, *, priority: Priority = Priority.ROUTINE) -> None: ...


class Verdict(StrEnum):
    """How one attempt at a delivery ended."""

    DELIVERED = "delivered"
    RETRY = "retry"
    """Tried again after a delay of its own."""
    HELD = "held"
    """The destination is away or paused: tried again when it is back, like everything else that waits for it."""
    PENDING = "pending"
    """The destination has everything, and its word that it keeps it is awaited; asked again after `after_s`."""
    PARKED = "parked"
    """Not tried again, unless an operator says so."""


@dataclass(frozen=True)
class DeliveryOutcome:
    """verdict, and a stable code of the reason without patient data ("delivered", "a700", "association-rejected").

    answered: False where the destination gave no sign of life; others then need not try it at once. None where it was
    not asked. after_s: wait for the next attempt, where it is not the policy that says so.
    """

    verdict: Verdict
    code: str
    answered: bool | None = True
    after_s: float | None = None


ReadImage = Callable[[str], Sequence[str]]
"""key -> names of the destinations its results go to; the results are then durable in the spool."""
GiveUp = Callable[[str, str], Sequence[str]]
"""(key, code of what it failed of) -> names of the destinations that are told that it was not read."""
DeliverResults = Callable[[str, str], DeliveryOutcome]
"""(key, destination name) -> how this attempt ended."""
