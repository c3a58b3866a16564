"""The fault suite's own bookkeeping: what passes, and how a table of an earlier run is replaced."""

import re
from pathlib import Path

import pytest

from tests.faults import scenario as scenarios
from tests.faults.catalogue import scenarios as every_scenario
from tests.faults.scenario import Row, Scale, Scenario, at_least, at_most, exactly
from tests.faults.table import Result, command, markdown, updated

DOCUMENT = Path(__file__).parents[2] / "docs" / "reliability.md"
LOST = exactly("acknowledged images lost", 0, 0, "images")


def result(name: str, *rows: Row, scale: Scale = Scale.SHORT) -> Result:
    return Result(Scenario(name, "It kills.", lambda _: rows), scale, rows, seconds=1.0)


@pytest.mark.parametrize(
    ("row", "passed"),
    [
        (exactly("lost", 0, 0), True),
        (exactly("lost", 0, 1), False),
        (at_most("memory", 10, 10.0), True),
        (at_most("memory", 10, 10.1), False),
        (at_least("rate", 5, 5), True),
        (at_least("rate", 5, 4.9), False),
    ],
)
def test_a_row_passes_within_its_limit(row: Row, passed: bool) -> None:
    assert row.passed is passed


def test_a_scenario_fails_with_one_row_and_without_any() -> None:
    assert result("kills", LOST).passed
    assert not result("kills", LOST, exactly("jobs stuck", 0, 2)).passed
    assert not result("kills").passed


def test_a_table_names_its_command_its_form_and_what_failed() -> None:
    text = markdown(result("kills", LOST, exactly("jobs stuck", 0, 2, "jobs"), scale=Scale.FULL))
    assert "python -m tests.faults --full --only kills" in text
    assert "full form" in text
    assert "| acknowledged images lost | 0 | 0 | images | yes |" in text
    assert "| jobs stuck | 0 | 2 | jobs | **NO** |" in text


def test_a_table_replaces_the_one_of_its_name_and_leaves_the_rest() -> None:
    first = updated("# Reliability\n\nBy hand.\n", [result("kills", LOST), result("disk", LOST)])
    second = updated(first + "\nThe end.\n", [result("kills", exactly("acknowledged images lost", 0, 3))])
    assert second.count("<!-- scenario: kills -->") == second.count("## kills") == 1
    assert "| 0 | 3 |" in second
    assert second.count("| 0 | 0 |") == 1
    assert second.startswith("# Reliability\n\nBy hand.\n")
    assert second.endswith("The end.\n")


def test_the_short_form_is_the_default_command() -> None:
    assert command(result("kills").scenario, Scale.SHORT) == "python -m tests.faults --only kills"
    assert scenarios.Scale.FULL.pick(10, 100) == 100


def test_every_scenario_says_what_it_does() -> None:
    for name, scenario in every_scenario().items():
        assert scenario.name == name
        assert scenario.does.endswith(".")


def test_every_table_of_the_document_is_of_a_scenario() -> None:
    named = re.findall(r"<!-- scenario: ([a-z-]+) -->", DOCUMENT.read_text(encoding="utf-8"))
    assert set(named) <= set(every_scenario())
    assert len(named) == len(set(named))
