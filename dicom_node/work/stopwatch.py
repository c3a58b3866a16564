"""Seconds a stage."""

from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic


class Stopwatch:
    """Measures named stages of one image, in the order they come."""

    def __init__(self) -> None:
        self._began = monotonic()
        self.seconds: dict[str, float] = {}

    @property
    def total_s(self) -> float:
        """Since the start, to the millisecond."""
        return round(monotonic() - self._began, 3)

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Adds what runs inside, to the millisecond."""
        began = monotonic()
        try:
            yield
        finally:
            self.seconds[name] = round(monotonic() - began, 3)
