"""How many images a peer may send a minute. Pure."""

import threading
from collections import deque

WINDOW_S = 60.0


class Rate:
    """The images that one peer began to send within the last minute; its associations share it."""

    def __init__(self, per_minute: int) -> None:
        self._begun: deque[float] = deque(maxlen=per_minute)
        self._lock = threading.Lock()

    def take(self, now: float) -> bool:
        """Count one more image and say True, or False where it would be one too many. now: seconds that only grow."""
        with self._lock:
            full = len(self._begun) == self._begun.maxlen
            if full and now - self._begun[0] < WINDOW_S:
                return False
            self._begun.append(now)
            return True
