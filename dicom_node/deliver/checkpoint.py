"""What holds an association's reactor thread while a request waits for its response.

pynetdicom's own is an event beside a flag. A reactor that was let go, and has not run since, still counts as held:
on a busy machine it then takes the response away, and the request waits until its timeout. Seen with 3.0.4.
"""

import threading

REACTOR_GONE_S = 1.0
"""A reactor that does not come by for this long has ended, or serves a request of the peer."""


class Checkpoint(threading.Event):
    """An event whose `clear` returns only after the thread that waits for it is really held."""

    def __init__(self) -> None:
        super().__init__()
        self._changed = threading.Condition()
        self._is_open, self._is_held = True, False

    def set(self) -> None:
        """Let the reactor go."""
        with self._changed:
            self._is_open = True
            self._changed.notify_all()

    def clear(self) -> None:
        """Hold the reactor at its next `wait`, and return once it is there."""
        with self._changed:
            self._is_open = False
            self._changed.wait_for(lambda: self._is_held, timeout=REACTOR_GONE_S)

    def wait(self, timeout: float | None = None) -> bool:
        """Called by the reactor: go on where it may, else stay."""
        with self._changed:
            self._is_held = True
            self._changed.notify_all()
            try:
                return self._changed.wait_for(lambda: self._is_open, timeout=timeout)
            finally:
                self._is_held = False
