"""What a check found, as one line."""

from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    """How a finding ends the check: only FAIL fails it."""

    OK = "ok"
    WARN = "warn"
    FAIL = "FAIL"


@dataclass(frozen=True)
class Finding:
    """what was checked, what was found, and what to do about it."""

    level: Level
    what: str
    detail: str
    remedy: str = ""

    def line(self) -> str:
        """`ok    disk          12 GiB free`; the remedy stands behind an arrow."""
        remedy = f"  -> {self.remedy}" if self.remedy else ""
        return f"{self.level:<4}  {self.what:<24}  {self.detail}{remedy}"


def ok(what: str, detail: str) -> Finding:
    """All is well."""
    return Finding(Level.OK, what, detail)


def warn(what: str, detail: str, remedy: str = "") -> Finding:
    """Works, but should be known."""
    return Finding(Level.WARN, what, detail, remedy)


def fail(what: str, detail: str, remedy: str) -> Finding:
    """The node cannot do its work like this."""
    return Finding(Level.FAIL, what, detail, remedy)
