"""What the state of a node means, and what it asks of a person."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from dicom_node.operate.finding import Finding, Level
from dicom_node.operate.pulse import SILENT_S, Sign
from dicom_node.operate.status.judgement import ROLES, age, judge
from dicom_node.operate.status.snapshot import Disk, Line, Snapshot, Today
from dicom_node.spool.destinations import Absence

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
ALIVE = tuple(Sign(role, "host", 4711, "0.1.0", NOW.timestamp() - 2) for role in ROLES)
IDLE = Line("reading", {}, None, "", is_paused=False)
WELL = Snapshot(
    at=NOW,
    signs=ALIVE,
    today=Today(12, 9, 1, 2),
    lines=(IDLE, replace(IDLE, name="pacs")),
    disk=Disk(50_000, 1024, 2_000),
    deferred=0,
    pipelines=("bone_age",),
    models=("whole_hand 1.0.0",),
)


def of(snapshot: Snapshot, what: str) -> Finding:
    (found,) = [finding for finding in judge(snapshot) if finding.what == what]
    return found


def with_pacs(**fields: object) -> Finding:
    line = replace(IDLE, name="pacs", **fields)  # type: ignore[arg-type]
    return of(replace(WELL, lines=(IDLE, line)), "to pacs")


def test_a_node_that_is_well_asks_for_nothing() -> None:
    findings = list(judge(WELL))
    assert {finding.level for finding in findings} == {Level.OK}
    assert not any(finding.remedy for finding in findings)
    assert of(WELL, "today").detail == "12 received, 9 read, 1 refused, 2 no candidates"
    assert of(WELL, "pipelines").detail == "bone_age; last read by whole_hand 1.0.0"


def test_a_process_that_does_not_run_or_is_silent_needs_a_person() -> None:
    silent = replace(ALIVE[1], at=NOW.timestamp() - SILENT_S - 60)
    signs = (ALIVE[0], silent)
    assert of(replace(WELL, signs=signs), "receive").level is Level.OK
    assert of(replace(WELL, signs=signs), "work").detail == "silent for 1 min"
    assert of(replace(WELL, signs=signs), "deliver").detail == "does not run"
    assert of(replace(WELL, signs=signs), "deliver").level is Level.FAIL


def test_one_process_of_a_role_on_any_host_is_enough() -> None:
    dead = replace(ALIVE[1], host="other", at=0.0)
    assert of(replace(WELL, signs=(*ALIVE, dead)), "work").level is Level.OK


def test_parked_results_name_the_command_that_begins_them_anew() -> None:
    found = with_pacs(counts={"parked": 3}, last_code="a900")
    assert found.level is Level.FAIL
    assert found.detail == "3 parked, last outcome a900"
    assert found.remedy.endswith("then jobs retry --all --destination pacs")


@pytest.mark.parametrize(("oldest_s", "level"), [(120.0, Level.OK), (3700.0, Level.FAIL)])
def test_what_waits_for_long_needs_a_person(oldest_s: float, level: Level) -> None:
    assert with_pacs(counts={"delayed": 7}, oldest_s=oldest_s).level is level


def test_a_paused_destination_is_said_and_needs_nobody() -> None:
    found = with_pacs(counts={"waiting": 7}, oldest_s=9000.0, is_paused=True)
    assert (found.level, found.remedy) == (Level.WARN, "dicom-node jobs resume pacs")
    assert "paused; 7 waiting, the oldest for 2 h" in found.detail


def test_a_destination_that_is_away_is_said() -> None:
    found = with_pacs(absence=Absence(4, 0.0, 0.0, "connection-failed"))
    assert (found.level, found.detail) == (Level.WARN, "did not answer 4 times; nothing waits")


@pytest.mark.parametrize(("free_mib", "level"), [(1023, Level.FAIL), (2047, Level.WARN), (2048, Level.OK)])
def test_the_disk_is_held_against_the_reserve(free_mib: int, level: Level) -> None:
    assert of(replace(WELL, disk=Disk(free_mib, 1024, 10)), "disk").level is level


def test_a_job_database_that_is_away_needs_a_person() -> None:
    away = replace(WELL, today=None, lines=(), database_fault="jobs-unavailable")
    assert of(away, "job database").level is Level.FAIL


def test_ages_are_whole_units() -> None:
    assert [age(seconds) for seconds in (-1, 59.9, 60, 7199, 86400 * 3.5)] == ["0 s", "59 s", "1 min", "1 h", "3 d"]
