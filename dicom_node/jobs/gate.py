"""Whether a delivery may be tried now: its destination may be paused, away, or have enough associations open.

A destination that gives no sign of life is away, for all that waits for it: until `retry_at` nothing is tried, then
one delivery is, and the wait grows with each that fails. So a dead destination costs one connection an interval,
however many results wait. Its standing lies in files, and outlives the process.
"""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

from dicom_node.jobs.contract import DeliveryOutcome, Verdict
from dicom_node.settings_delivery import Delivery
from dicom_node.spool.destinations import Absence, Destinations

PAUSED = DeliveryOutcome(Verdict.HELD, "paused", answered=None)
LONGEST_ABSENCE_S = 300.0
"""A destination that is back is noticed within this time, whatever the delays of its deliveries are."""

Policy = Callable[[str], Delivery]
"""Destination name -> its delivery policy."""


def next_absence(before: Absence | None, code: str, delays_s: tuple[float, ...], now: float) -> Absence:
    """What is known after one more failure in a row. now: seconds since 1970."""
    failures = before.failures + 1 if before else 1
    delay_s = min(delays_s[min(failures, len(delays_s)) - 1], LONGEST_ABSENCE_S)
    return Absence(failures, before.since if before else now, now + delay_s, code)


def is_due(absence: Absence, policy: Delivery, now: float) -> bool:
    """Whether the destination may be tried. now: seconds since 1970.

    A time that lies further ahead than any wait was noted before the clock was set back: it counts as come.
    """
    longest_s = max(LONGEST_ABSENCE_S, longest_trial_s(policy))
    return not now < absence.retry_at <= now + longest_s


def longest_trial_s(policy: Delivery) -> float:
    """Until then whoever tries a destination knows whether it answers."""
    return 2 * policy.connect_timeout_s + policy.dimse_timeout_s


@dataclass
class Gate:
    """The gate before each destination of one process."""

    destinations: Destinations
    policy: Policy
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _places: dict[str, threading.Semaphore] = field(default_factory=dict)

    @contextmanager
    def place(self, name: str) -> Iterator[None]:
        """Wait for one of the destination's associations, and take it for the block."""
        with self._lock:
            places = self._places.setdefault(name, threading.Semaphore(self.policy(name).concurrency))
        with places:
            yield

    def attempt(self, name: str, send: Callable[[], DeliveryOutcome]) -> DeliveryOutcome:
        """What `send` came to, or why it was not called. Raises what it raises, SpoolUnwritable, StorageFull."""
        known, held = self._enter(name, time.time())
        if held is not None:
            return held
        outcome = send()
        self._note(name, known, outcome, time.time())
        return outcome

    def _enter(self, name: str, now: float) -> tuple[Absence | None, DeliveryOutcome | None]:
        """What is known of the destination, and the outcome where nothing may be tried."""
        if self.destinations.is_paused(name):
            return None, PAUSED
        with self._lock:
            known = self.destinations.absence(name)
            if known is None:
                return None, None
            if not is_due(known, self.policy(name), now):
                return known, DeliveryOutcome(Verdict.HELD, known.code, answered=None)
            # This one tries, the others wait for it; should the process die now, for no longer than this.
            self.destinations.note_absence(name, replace(known, retry_at=now + longest_trial_s(self.policy(name))))
            return known, None

    def _note(self, name: str, known: Absence | None, outcome: DeliveryOutcome, now: float) -> None:
        with self._lock:
            current = self.destinations.absence(name)
            if outcome.answered and current is not None:
                self.destinations.note_answer(name)
            elif outcome.answered is None and known is not None and current is not None:
                self.destinations.note_absence(name, replace(current, retry_at=now))  # nothing was learnt: the next one
            elif outcome.answered is False and _failures(current) == _failures(known):
                self.destinations.note_absence(name, next_absence(known, outcome.code, self.policy(name).delays_s, now))


def _failures(absence: Absence | None) -> int:
    return absence.failures if absence else 0
