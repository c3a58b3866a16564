"""What the power-loss scenario believes of a disk, and how it reads strace's record."""

from pathlib import Path

import pytest

from tests.faults.replay import Disk, Survival, lay_out
from tests.faults.trace import Create, MakeDirectory, Operation, Promise, Remove, Rename, Sync, Write, operations

ROOT = "/spool"
COMMIT = (
    Create("/spool/a.part", truncated=True),
    Write("/spool/a.part", b"whole"),
    Sync("/spool/a.part"),
    Rename("/spool/a.part", "/spool/a"),
    Sync("/spool"),
)


def after(*done: Operation) -> Disk:
    disk = Disk(ROOT)
    for operation in done:
        disk.apply(operation)
    return disk


def test_a_file_that_was_synced_and_renamed_with_its_folder_synced_outlives_any_cut() -> None:
    for survival in Survival:
        assert after(*COMMIT).survivors(survival) == {"/spool/a": b"whole"}


@pytest.mark.parametrize(
    ("left_out", "survival", "found"),
    [
        (2, Survival.SYNCED, {"/spool/a": b""}),
        (2, Survival.NAMES, {"/spool/a": b""}),
        (4, Survival.SYNCED, {}),
        (4, Survival.NAMES, {"/spool/a": b"whole"}),
    ],
)
def test_a_step_that_is_left_out_shows(left_out: int, survival: Survival, found: dict[str, bytes]) -> None:
    done = [operation for number, operation in enumerate(COMMIT) if number != left_out]
    assert after(*done).survivors(survival) == found


def test_what_lies_in_a_folder_that_is_lost_is_lost() -> None:
    disk = after(
        MakeDirectory("/spool/new"), Create("/spool/new/a", truncated=True), Sync("/spool/new/a"), Sync("/spool/new")
    )
    assert disk.survivors(Survival.SYNCED) == {}
    disk.apply(Sync(ROOT))
    assert disk.survivors(Survival.SYNCED) == {"/spool/new": None, "/spool/new/a": b""}


def test_a_name_that_was_removed_comes_back_until_its_folder_is_synced() -> None:
    disk = after(*COMMIT, Remove("/spool/a"))
    assert disk.survivors(Survival.SYNCED) == {"/spool/a": b"whole"}
    disk.apply(Sync(ROOT))
    assert disk.survivors(Survival.SYNCED) == {}


def test_survivors_are_laid_out_as_files(tmp_path: Path) -> None:
    lay_out({"/spool/new": None, "/spool/new/a": b"whole"}, ROOT, tmp_path)
    assert (tmp_path / "new" / "a").read_bytes() == b"whole"


RECORD = r"""
11 mkdir("/spool/new", 0700) = 0
11 mkdir("/spool/there", 0700) = -1 EEXIST (File exists)
11 openat(AT_FDCWD</tmp>, "/spool/a.part", O_RDWR|O_CREAT|O_EXCL, 0600) = 5</spool/a.part>
11 openat(AT_FDCWD</tmp>, "/spool/a", O_RDONLY|O_CLOEXEC) = 6</spool/a>
11 write(5</spool/a.part>, "a\"\0\377\n", 5 <unfinished ...>
12 write(7</elsewhere/log>, "noise", 5) = 5
11 <... write resumed>)      = 5
11 fsync(5</spool/a.part>)   = 0
11 rename("/spool/a.part", "/spool/new/a") = 0
11 fsync(8</spool>)          = 0
12 sendto(9<socket:[1]>, "\4\0\0", 3, 0, NULL, 0) = 3
12 sendto(9<socket:[1]>, "\6\0\0", 3, 0, NULL, 0) = 3
11 unlink("/spool/new/a")    = 0
"""


def test_operations_are_read_from_the_record_of_strace() -> None:
    assert operations(RECORD, Path("/spool"), lambda data: data.startswith(b"\x04")) == [
        MakeDirectory("/spool/new"),
        Create("/spool/a.part", truncated=False),
        Write("/spool/a.part", b'a"\0\xff\n'),
        Sync("/spool/a.part"),
        Rename("/spool/a.part", "/spool/new/a"),
        Sync("/spool"),
        Promise(b"\x04\0\0"),
        Remove("/spool/new/a"),
    ]


def test_a_folder_that_is_renamed_takes_along_what_is_in_it() -> None:
    disk = after(
        MakeDirectory("/spool/draft"),
        Create("/spool/draft/a", truncated=True),
        Write("/spool/draft/a", b"whole"),
        Sync("/spool/draft/a"),
        Sync("/spool/draft"),
        Rename("/spool/draft", "/spool/final"),
    )
    assert disk.survivors(Survival.SYNCED) == {}
    disk.apply(Sync(ROOT))
    assert disk.survivors(Survival.SYNCED) == {"/spool/final": None, "/spool/final/a": b"whole"}
