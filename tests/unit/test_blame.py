"""An image is given up for what it was blamed for, and for nothing else."""

from typing import Any

from dicom_node.jobs.blame import times_blamed
from dicom_node.jobs.names import image_job

KEY = "ab" * 32


def counted(*outcomes: dict[str, Any] | None, first_at: float) -> int:
    """Of attempts 0, 1, ... that ended so, before the next one."""
    ended = {image_job(KEY, number): outcome for number, outcome in enumerate(outcomes)}
    return times_blamed(KEY, len(outcomes), first_at, ended.get)


def test_only_blame_counts_and_not_what_merely_waited() -> None:
    waited, blamed = {"at": 11.0, "code": "twin-pending"}, {"at": 12.0, "blamed": True}
    assert counted(waited, waited, waited, waited, blamed, first_at=11.0) == 1
    assert counted(blamed, blamed, waited, blamed, first_at=11.0) == 3


def test_what_was_before_an_operator_began_anew_counts_no_more() -> None:
    before, after = {"at": 5.0, "blamed": True}, {"at": 20.0, "blamed": True}
    assert counted(before, before, before, before, after, first_at=20.0) == 1
    assert counted(before, before, before, before, first_at=0.0) == 0


def test_an_attempt_without_an_outcome_ends_the_count() -> None:
    assert counted({"at": 12.0, "blamed": True}, None, {"at": 13.0, "blamed": True}, first_at=12.0) == 1
    assert counted(first_at=0.0) == 0
