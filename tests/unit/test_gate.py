"""Who may try a destination that is away, and for how long it is left alone."""

from pathlib import Path

import pytest

from dicom_node.jobs import gate as gates
from dicom_node.jobs.attempts import LONGEST_STRETCH, stretch
from dicom_node.jobs.contract import DeliveryOutcome, Verdict
from dicom_node.jobs.gate import LONGEST_ABSENCE_S, PAUSED, Gate, next_absence
from dicom_node.settings_delivery import Delivery
from dicom_node.spool.destinations import Destinations
from dicom_node.spool.layout import Layout

AWAY = DeliveryOutcome(Verdict.HELD, "connection-failed", answered=False)
SILENT = DeliveryOutcome(Verdict.RETRY, "dimse-timeout", answered=False)
DELIVERED = DeliveryOutcome(Verdict.DELIVERED, "delivered")
BUSY = DeliveryOutcome(Verdict.RETRY, "a700")
UNTRIED = DeliveryOutcome(Verdict.PARKED, "object-changed", answered=None)


class Clock:
    """A clock that stands."""

    now = 1000.0

    def time(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(gates, "time", clock)
    return clock


@pytest.fixture
def gate(tmp_path: Path) -> Gate:
    return Gate(Destinations(Layout(tmp_path)), lambda _: Delivery(delays_s=(5, 30, 3600)))


def held(gate: Gate) -> bool:
    """Whether a delivery is not even tried."""
    tried = []
    gate.attempt("pacs", lambda: tried.append(1) or UNTRIED)
    return not tried


def test_the_wait_grows_with_each_failure_up_to_five_minutes() -> None:
    absence, waits = None, []
    for _ in range(4):
        absence = next_absence(absence, "connection-failed", (5, 30, 3600), now=1000)
        waits.append(absence.retry_at - 1000)
    assert waits == [5, 30, LONGEST_ABSENCE_S, LONGEST_ABSENCE_S]
    assert absence is not None
    assert (absence.failures, absence.since) == (4, 1000)


def test_after_a_failure_nobody_tries_until_it_is_time_and_then_one_does(gate: Gate, clock: Clock) -> None:
    assert gate.attempt("pacs", lambda: AWAY) == AWAY
    assert gate.attempt("pacs", lambda: DELIVERED) == DeliveryOutcome(Verdict.HELD, "connection-failed", answered=None)
    clock.now += 5

    def meanwhile() -> DeliveryOutcome:
        assert held(gate)
        return AWAY

    assert gate.attempt("pacs", meanwhile) == AWAY
    clock.now += 29
    assert held(gate)
    clock.now += 1
    assert gate.attempt("pacs", lambda: DELIVERED) == DELIVERED
    assert gate.destinations.absence("pacs") is None


def test_deliveries_that_fail_at_once_count_as_one_failure(gate: Gate, clock: Clock) -> None:
    def both() -> DeliveryOutcome:
        gate.attempt("pacs", lambda: AWAY)
        return SILENT

    assert gate.attempt("pacs", both) == SILENT
    absence = gate.destinations.absence("pacs")
    assert absence is not None
    assert absence.failures == 1


def test_any_answer_ends_an_absence_and_what_was_not_asked_leaves_the_turn_to_the_next(
    gate: Gate, clock: Clock
) -> None:
    gate.attempt("pacs", lambda: AWAY)
    clock.now += 5
    gate.attempt("pacs", lambda: UNTRIED)
    assert gate.destinations.absence("pacs") is not None
    assert gate.attempt("pacs", lambda: BUSY) == BUSY
    assert gate.destinations.absence("pacs") is None


def test_a_process_that_died_while_trying_keeps_the_others_waiting_for_a_bounded_time(gate: Gate, clock: Clock) -> None:
    gate.attempt("pacs", lambda: AWAY)
    clock.now += 5
    with pytest.raises(KeyboardInterrupt):
        gate.attempt("pacs", _died)
    assert held(gate)
    clock.now += 2 * 10 + 60
    assert not held(gate)


def _died() -> DeliveryOutcome:
    raise KeyboardInterrupt


def test_a_pause_goes_before_everything_and_other_destinations_are_not_concerned(gate: Gate, clock: Clock) -> None:
    gate.destinations.pause("pacs")
    assert gate.attempt("pacs", lambda: DELIVERED) == PAUSED
    assert gate.attempt("archive", lambda: DELIVERED) == DELIVERED


def test_delays_are_stretched_by_up_to_a_quarter_and_the_same_for_the_same_attempt() -> None:
    factors = [stretch("key", "pacs", str(attempt)) for attempt in range(200)]
    assert factors == [stretch("key", "pacs", str(attempt)) for attempt in range(200)]
    assert 1 <= min(factors) < 1.05
    assert 1.2 < max(factors) <= 1 + LONGEST_STRETCH


def test_a_clock_that_is_set_back_keeps_no_destination_away(gate: Gate, clock: Clock) -> None:
    clock.now += 86400
    gate.attempt("pacs", lambda: AWAY)
    assert held(gate)
    clock.now -= 86400
    assert gate.attempt("pacs", lambda: AWAY) == AWAY
    assert held(gate), "it failed anew, by the clock as it is now"
