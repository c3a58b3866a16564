"""What a scenario of the fault suite is: a name, what it does, and rows of what was expected and measured."""

import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path


class Scale(StrEnum):
    """How much of it: SHORT is for every change, FULL for a quiet machine."""

    SHORT = "short"
    FULL = "full"

    def pick(self, short: int, full: int) -> int:
        """The count or the seconds of this scale."""
        return full if self is Scale.FULL else short


@dataclass(frozen=True)
class Row:
    """One line of the table: what was looked at, what was expected, what was measured, in which unit."""

    what: str
    expected: str
    measured: str
    passed: bool
    unit: str = ""


@dataclass(frozen=True)
class Scenario:
    """One fault, or one kind of fault. does: one plain sentence; run: injects it, and says what came of it."""

    name: str
    does: str
    run: Callable[[Scale], Sequence[Row]]


def exactly(what: str, expected: object, measured: object, unit: str = "") -> Row:
    """Passed where both are equal."""
    return Row(what, str(expected), str(measured), expected == measured, unit)


def at_most(what: str, limit: float, measured: float, unit: str = "") -> Row:
    """Passed up to the limit."""
    return Row(what, f"at most {limit:g}", f"{measured:.4g}", measured <= limit, unit)


def at_least(what: str, limit: float, measured: float, unit: str = "") -> Row:
    """Passed from the limit on."""
    return Row(what, f"at least {limit:g}", f"{measured:.4g}", measured >= limit, unit)


def noted(what: str, measured: float | str, unit: str = "") -> Row:
    """A figure without a limit, for the reader."""
    return Row(what, "", measured if isinstance(measured, str) else f"{measured:.4g}", True, unit)


@contextmanager
def scratch(name: str) -> Iterator[Path]:
    """A folder for the scenario's files: removed at the end, kept and named where the scenario fails to run.

    It is kept too where the environment has FAULTS_KEEP, to look into a row that failed.
    """
    folder = Path(tempfile.mkdtemp(prefix=f"faults-{name}-"))
    try:
        yield folder
    except BaseException:
        print(f"{name}: what it left lies in {folder}", file=sys.stderr)
        raise
    if "FAULTS_KEEP" in os.environ:
        print(f"{name}: its files lie in {folder}", file=sys.stderr)
    else:
        shutil.rmtree(folder, ignore_errors=True)
