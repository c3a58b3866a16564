"""Which finished images go."""

from datetime import UTC, datetime, timedelta

import pytest

from dicom_node.jobs.retention import GIB, Finished, expendable, is_finished
from dicom_node.jobs.standing import Standing, State
from dicom_node.settings_storage import Retention

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
FOREVER = Retention(keep_days=None)


def job(destination: str | None, state: State = State.DONE) -> Standing:
    return Standing("ab" * 32, destination, state, NOW, "", 0, NOW)


def ended(key: str, days_ago: float, *, gib: float = 0) -> Finished:
    return Finished(key, NOW - timedelta(days=days_ago), int(gib * GIB))


def test_an_image_is_finished_once_every_destination_of_its_results_has_them() -> None:
    assert is_finished([job(None)], ())
    assert is_finished([job(None), job("pacs"), job("archive")], ("pacs", "archive"))
    assert not is_finished([job(None), job("pacs")], ("pacs", "archive"))
    assert not is_finished([job("pacs")], ("pacs",))


@pytest.mark.parametrize("state", [state for state in State if state is not State.DONE])
def test_what_waits_is_parked_or_cancelled_stays(state: State) -> None:
    assert not is_finished([job(None), job("pacs", state)], ("pacs",))
    assert not is_finished([job(None, state)], ())


def test_by_age_the_old_ones_go_and_the_young_ones_stay() -> None:
    images = [ended("young", 29), ended("old", 31), ended("oldest", 300)]
    assert expendable(images, 0, Retention(keep_days=30), NOW) == ["oldest", "old"]
    assert expendable(images, 0, FOREVER, NOW) == []


def test_by_size_the_oldest_go_until_all_files_together_are_few_enough() -> None:
    images = [ended("c", 1, gib=1), ended("a", 3, gib=1), ended("b", 2, gib=1)]
    limited = Retention(keep_days=None, maximum_gib=3)
    assert expendable(images, 5 * GIB, limited, NOW) == ["a", "b"]  # 2 GiB are not finished and count
    assert expendable(images, 3 * GIB, limited, NOW) == []
    assert expendable(images, 50 * GIB, limited, NOW) == ["a", "b", "c"]


def test_age_and_size_act_together() -> None:
    images = [ended("old", 31, gib=1), ended("a", 3, gib=1), ended("b", 2, gib=1)]
    assert expendable(images, 3 * GIB, Retention(keep_days=30, maximum_gib=1), NOW) == ["old", "a"]
