"""Results of scenarios as Markdown, and the document that holds one table for each."""

import os
import platform
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.faults.scenario import Row, Scale, Scenario

HEADING = ("what", "expected", "measured", "unit", "passed")
_BLOCK = re.compile(r"<!-- scenario: ([a-z-]+) -->\n.*?<!-- end -->\n?", re.DOTALL)


@dataclass(frozen=True)
class Result:
    """What one scenario came to."""

    scenario: Scenario
    scale: Scale
    rows: tuple[Row, ...]
    seconds: float

    @property
    def passed(self) -> bool:
        """Whether every row did; a scenario without rows proves nothing."""
        return bool(self.rows) and all(row.passed for row in self.rows)


def command(scenario: Scenario, scale: Scale) -> str:
    """What gives this table again."""
    full = " --full" if scale is Scale.FULL else ""
    return f"python -m tests.faults{full} --only {scenario.name}"


def markdown(result: Result) -> str:
    """The scenario's heading, its command, its conditions, and its rows as a table."""
    scenario = result.scenario
    conditions = f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"
    lines = [
        f"## {scenario.name}",
        "",
        scenario.does,
        "",
        f"`{command(scenario, result.scale)}`: {result.scale} form, {result.seconds:.0f} s, {conditions}.",
        "",
        _line(HEADING),
        _line(("---",) * len(HEADING)),
        *(_line((row.what, row.expected, row.measured, row.unit, _word(row))) for row in result.rows),
    ]
    return "\n".join(lines) + "\n"


def updated(text: str, results: Sequence[Result]) -> str:
    """The document with these tables instead of those of the same name; one that is new comes last."""
    blocks = {result.scenario.name: _block(result) for result in results}
    after = _BLOCK.sub(lambda found: blocks.pop(found[1], found[0]), text)
    return "\n".join([after.rstrip("\n"), *(f"\n{block.rstrip()}" for block in blocks.values())]) + "\n"


def write(path: Path, results: Sequence[Result]) -> None:
    """Bring the tables of the document up to date; a document that is not there begins with its title."""
    text = path.read_text(encoding="utf-8") if path.exists() else "# Reliability\n"
    path.write_text(updated(text, results), encoding="utf-8")


def _block(result: Result) -> str:
    return f"<!-- scenario: {result.scenario.name} -->\n{markdown(result)}<!-- end -->\n"


def _line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _word(row: Row) -> str:
    return "yes" if row.passed else "**NO**"
