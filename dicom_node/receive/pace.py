"""How often the threads of an association look around.

pynetdicom gives each association two threads, and each looks for work a thousand times a second: 16 idle associations
take a processor core. Here they look that often only while there is traffic; what arrives from the network wakes them
at once, and what comes from within (an answer, the end of an association) waits at most IDLE_S.
"""

from time import monotonic

BUSY_S = 0.001
"""Between two looks while there is traffic: pynetdicom's own pace."""
IDLE_S = 0.1
"""Between two looks in silence."""
QUIET_AFTER_S = 0.25
"""Silence for so long is idle. Storing an object takes less, so that its answer does not wait."""


class Pace:
    """Of one association; its threads share it."""

    def __init__(self) -> None:
        self._heard_at = monotonic()

    def hear(self) -> None:
        """There is traffic."""
        self._heard_at = monotonic()

    @property
    def is_idle(self) -> bool:
        """Whether there was no traffic lately."""
        return monotonic() - self._heard_at > QUIET_AFTER_S

    @property
    def wait_s(self) -> float:
        """How long to wait for the next thing to do."""
        return IDLE_S if self.is_idle else BUSY_S
