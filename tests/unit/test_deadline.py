"""Who asks a database that says nothing goes on after a while."""

import threading
import time

import pytest

from dicom_node.errors import JobsUnavailable
from dicom_node.jobs.deadline import UNANSWERED, Deadline


def test_an_answer_in_time_is_given() -> None:
    assert Deadline(10).ask(lambda: 7) == 7


def test_what_the_question_raises_is_raised() -> None:
    def fail() -> None:
        raise TimeoutError("of the question itself")

    with pytest.raises(TimeoutError, match="of the question itself"):
        Deadline(10).ask(fail)


def test_no_answer_in_time_lets_the_caller_go_on_and_the_question_too() -> None:
    answered, done = threading.Event(), threading.Event()
    deadline = Deadline(0.05)

    def tell_late() -> None:
        answered.wait()
        done.set()

    with pytest.raises(JobsUnavailable, match="no answer within"):
        deadline.ask(tell_late)
    answered.set()
    assert done.wait(10)


def test_beyond_its_places_nobody_waits_and_they_become_free_again() -> None:
    answered = threading.Event()
    deadline = Deadline(0.01)
    for _ in range(UNANSWERED):
        with pytest.raises(JobsUnavailable, match="no answer"):
            deadline.ask(answered.wait)
    with pytest.raises(JobsUnavailable, match=f"{UNANSWERED} questions wait"):
        deadline.ask(lambda: 7)
    answered.set()
    until = time.monotonic() + 10
    while time.monotonic() < until:
        try:
            assert deadline.ask(lambda: 7) == 7
            return
        except JobsUnavailable:
            time.sleep(0.01)
    pytest.fail("no place became free")


def test_it_is_known_whether_an_answer_is_owed() -> None:
    answered = threading.Event()
    owed, settled = Deadline(0.01), Deadline(10)
    with pytest.raises(JobsUnavailable):
        owed.ask(answered.wait)
    settled.ask(lambda: 7)
    assert not owed.owes_nothing()
    assert settled.owes_nothing()
    assert settled.ask(lambda: 7) == 7
    answered.set()


def test_no_thread_outlives_its_question() -> None:
    deadline = Deadline(10)
    before = threading.active_count()
    for _ in range(2 * UNANSWERED):
        deadline.ask(lambda: 7)
    until = time.monotonic() + 10
    while threading.active_count() > before:
        assert time.monotonic() < until
        time.sleep(0.01)
