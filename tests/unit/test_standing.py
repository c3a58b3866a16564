"""How readings and deliveries stand, from their attempts."""

from datetime import UTC, datetime, timedelta

import pytest

from dicom_node.jobs.history import Attempt
from dicom_node.jobs.standing import State, standings

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)


def attempt(
    number: int = 0, state: str = "ended", verdict: str = "", code: str = "", to: str | None = "pacs"
) -> Attempt:
    return Attempt("ab" * 32, to, number, state, NOON + timedelta(hours=number), verdict, code)


@pytest.mark.parametrize(
    ("last", "state"),
    [
        (attempt(state="queued"), State.WAITING),
        (attempt(state="in hand"), State.RUNNING),
        (attempt(state="waits"), State.DELAYED),
        (attempt(state="cancelled"), State.CANCELLED),
        (attempt(state="failed"), State.FAILED),
        (attempt(verdict="retry", code="a700"), State.DELAYED),
        (attempt(verdict="parked", code="a900"), State.PARKED),
        (attempt(verdict="delivered", code="delivered"), State.DONE),
        (attempt(verdict="read", code="read", to=None), State.DONE),
    ],
)
def test_the_last_attempt_says_how_a_job_stands(last: Attempt, state: State) -> None:
    (found,) = standings([last])
    assert (found.state, found.destination, found.number) == (state, last.destination, 0)


def test_a_job_waits_since_its_first_attempt_and_keeps_the_last_outcome() -> None:
    made = [attempt(2, "waits"), attempt(0, verdict="retry", code="a700"), attempt(1, verdict="retry", code="0110")]
    (found,) = standings(made)
    assert (found.state, found.code, found.number) == (State.DELAYED, "0110", 2)
    assert (found.since, found.last_at) == (NOON, NOON + timedelta(hours=2))


def test_each_destination_and_the_reading_stand_for_themselves() -> None:
    found = standings([attempt(to=None), attempt(to="pacs", verdict="parked"), attempt(to="archive", state="queued")])
    assert {each.destination: each.state for each in found} == {
        None: State.DONE,
        "pacs": State.PARKED,
        "archive": State.WAITING,
    }
