"""Differences of files and jobs."""

from collections.abc import Sequence
from datetime import UTC, datetime

import pytest

from dicom_node.jobs.agreement import Difference, Kind, differences
from dicom_node.jobs.standing import Standing, State

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


def job(destination: str | None = None, state: State = State.DONE) -> Standing:
    return Standing("k", destination, state, NOW, "", 0, NOW)


@pytest.mark.parametrize(
    ("stored", "destinations", "jobs", "kind"),
    [
        (True, None, None, Kind.IMAGE_WITHOUT_JOB),
        (True, None, [job(state=State.WAITING)], None),
        (False, None, [job(state=State.WAITING)], Kind.JOB_WITHOUT_IMAGE),
        (False, None, [job(), job("pacs")], None),
        (True, None, [job()], None),
        (True, ["pacs"], [job(), job("pacs", State.PARKED)], None),
        (True, None, [job(), job("pacs", State.PARKED)], Kind.DELIVERY_WITHOUT_RESULTS),
        (True, ["pacs", "archive"], [job(), job("pacs")], Kind.RESULTS_WITHOUT_DELIVERY),
        (True, ["pacs"], [job(state=State.RUNNING)], None),
    ],
)
def test_each_kind_of_difference_is_told(
    stored: bool, destinations: Sequence[str] | None, jobs: Sequence[Standing] | None, kind: Kind | None
) -> None:
    results = {"k": destinations} if destinations is not None else {}
    found = list(differences({"k"} if stored else set(), results, {"k": jobs} if jobs is not None else {}))
    assert found == ([Difference(kind, "k")] if kind else [])
