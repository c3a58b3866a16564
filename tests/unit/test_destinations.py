"""What is remembered of destinations, also after a restart."""

from pathlib import Path

from dicom_node.spool.destinations import Absence, Destinations
from dicom_node.spool.layout import Layout

AWAY = Absence(failures=3, since=1000.0, retry_at=1120.0, code="connection-failed")


def test_a_pause_outlives_the_process_and_ends_with_a_resume(tmp_path: Path) -> None:
    Destinations(Layout(tmp_path)).pause("pacs")
    destinations = Destinations(Layout(tmp_path))
    assert destinations.is_paused("pacs")
    assert not destinations.is_paused("archive")
    assert destinations.paused() == ["pacs"]
    destinations.resume("pacs")
    assert destinations.paused() == []


def test_what_was_not_paused_may_be_resumed_and_what_was_may_be_paused(tmp_path: Path) -> None:
    destinations = Destinations(Layout(tmp_path))
    destinations.resume("pacs")
    destinations.pause("pacs")
    destinations.pause("pacs")
    assert destinations.paused() == ["pacs"]


def test_an_absence_is_remembered_until_the_destination_answers(tmp_path: Path) -> None:
    destinations = Destinations(Layout(tmp_path))
    assert destinations.absence("pacs") is None
    destinations.note_absence("pacs", AWAY)
    assert Destinations(Layout(tmp_path)).absence("pacs") == AWAY
    assert destinations.absence("archive") is None
    destinations.note_answer("pacs")
    destinations.note_answer("pacs")
    assert destinations.absence("pacs") is None


def test_a_pause_and_an_absence_do_not_touch_each_other(tmp_path: Path) -> None:
    destinations = Destinations(Layout(tmp_path))
    destinations.pause("pacs")
    destinations.note_absence("pacs", AWAY)
    destinations.resume("pacs")
    assert destinations.absence("pacs") == AWAY
