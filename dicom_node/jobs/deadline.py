"""An answer within a deadline, also from a server that takes connections and then says nothing."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from typing import TypeVar

from dicom_node.errors import JobsUnavailable

UNANSWERED = 16
"""Questions that may wait for an answer at a time; further ones are told at once that there is none."""

T = TypeVar("T")


class Deadline:
    """Asks each question in a thread that ends with the answer, and lets the caller go on after `seconds`."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._places = threading.Semaphore(UNANSWERED)

    def ask(self, question: Callable[[], T]) -> T:
        """What `question` gives. Raises what it raises; JobsUnavailable where the time is over, or too many wait."""
        if not self._places.acquire(blocking=False):
            raise JobsUnavailable(f"job database: {UNANSWERED} questions wait for an answer")
        thread = ThreadPoolExecutor(1, thread_name_prefix="job-database")
        answer = thread.submit(self._answer, question)
        thread.shutdown(wait=False)
        if not wait([answer], self._seconds).done:
            raise JobsUnavailable(f"job database: no answer within {self._seconds:g} s")
        return answer.result()

    def owes_nothing(self) -> bool:
        """Whether every question was answered."""
        taken = [self._places.acquire(blocking=False) for _ in range(UNANSWERED)]
        for _ in filter(None, taken):
            self._places.release()
        return all(taken)

    def _answer(self, question: Callable[[], T]) -> T:
        try:
            return question()
        finally:
            self._places.release()
