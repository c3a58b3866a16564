"""What a check of a data set found: a line each, which says where and what to do."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

MOST_OF_A_KIND = 20
"""Findings of one kind that are printed; the rest are counted."""


class Level(StrEnum):
    """Whether a finding prevents training."""

    WARN = "warn"
    FAIL = "FAIL"


@dataclass(frozen=True)
class Finding:
    """kind: a stable code. place: file and line, or file and key. wrong: what was found. remedy: what to do."""

    level: Level
    kind: str
    place: str
    wrong: str
    remedy: str

    def line(self) -> str:
        """`FAIL  labels.csv:17: sex is empty -> ...`."""
        return f"{self.level:<4}  {self.place}: {self.wrong} -> {self.remedy}"


def fail(kind: str, place: str, wrong: str, remedy: str) -> Finding:
    """Prevents training."""
    return Finding(Level.FAIL, kind, place, wrong, remedy)


def warn(kind: str, place: str, wrong: str, remedy: str) -> Finding:
    """Does not prevent training, but should be known."""
    return Finding(Level.WARN, kind, place, wrong, remedy)


def failures(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Those that prevent training."""
    return tuple(finding for finding in findings if finding.level is Level.FAIL)


def listed(findings: Sequence[Finding], most: int = MOST_OF_A_KIND) -> list[str]:
    """Their lines, failures first; of each kind at most so many, then how many more there are."""
    shown: Counter[tuple[Level, str]] = Counter()
    lines: list[str] = []
    for finding in sorted(findings, key=lambda finding: finding.level is not Level.FAIL):
        key = (finding.level, finding.kind)
        shown[key] += 1
        if shown[key] <= most:
            lines.append(finding.line())
    more = [(level, kind, count - most) for (level, kind), count in shown.items() if count > most]
    return lines + [f"{level:<4}  and {count} more of the kind {kind}" for level, kind, count in more]
