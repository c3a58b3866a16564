"""How often an image was blamed for what happened to its worker, whatever else held it up in between. Pure."""

from collections.abc import Callable, Mapping
from typing import Any

from dicom_node.jobs import names

OutcomeOf = Callable[[str], Mapping[str, Any] | None]
"""Workflow id -> the outcome of an attempt that ended, None of any other."""


def times_blamed(key: str, attempt: int, first_at: float, outcome_of: OutcomeOf) -> int:
    """In the attempts before `attempt`, back to the one that ended at first_at (seconds since 1970).

    What was before that was tried anew by an operator, and counts no more; 0 for a first attempt, whose first_at is 0.
    """
    times = 0
    for number in range(attempt - 1, -1, -1):
        outcome = outcome_of(names.image_job(key, number)) or {}
        if not first_at or outcome.get("at", 0.0) < first_at:
            break
        times += bool(outcome.get("blamed"))
    return times
