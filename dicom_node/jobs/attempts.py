"""When a job is tried again. Pure."""

import hashlib
from dataclasses import dataclass

HOUR_S = 3600.0
LONGEST_STRETCH = 0.25


@dataclass(frozen=True)
class Patience:
    """delays_s: waits before attempt 1, 2, ...; the last repeats. give_up_after_s: counted from the first attempt.

    limit: attempts in all, None for as many as the time allows.
    """

    delays_s: tuple[float, ...]
    give_up_after_s: float
    limit: int | None = None


PASSING = Patience(delays_s=(5, 30, 120, 600), give_up_after_s=72 * HOUR_S)
"""For faults that may pass, such as a full disk: an image that was acknowledged is not let go of for them."""
BLAMED = Patience(delays_s=(0, 10, 60), give_up_after_s=72 * HOUR_S, limit=4)
"""For images under which the process died or met a fault without a name: they may be the cause themselves."""


def stretch(*job: str) -> float:
    """A factor from 1 to 1 + LONGEST_STRETCH, the same for the same job: jobs that fail together come back apart."""
    fraction = int.from_bytes(hashlib.sha256("\n".join(job).encode()).digest()[:4], "big") / 2**32
    return 1 + LONGEST_STRETCH * fraction


def next_delay_s(
    patience: Patience, *, attempt: int, first_at: float, now: float, stretched: float = 1.0
) -> float | None:
    """Seconds to wait after failed attempt `attempt` (0, 1, ...), or None where it is given up.

    first_at, now: seconds since 1970. stretched: factor of the patience's delays.
    """
    if patience.limit is not None and attempt + 1 >= patience.limit:
        return None
    delay_s = stretched * patience.delays_s[min(attempt, len(patience.delays_s) - 1)]
    return None if now + delay_s - first_at > patience.give_up_after_s else delay_s
