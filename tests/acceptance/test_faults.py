"""The short form of the fault suite: every scenario, each row of its table a claim (docs/reliability.md)."""

import pytest

from tests.faults.catalogue import scenarios
from tests.faults.scenario import Scale, Scenario

pytestmark = [pytest.mark.orthanc, pytest.mark.dcmtk, pytest.mark.timeout(1800)]


@pytest.mark.parametrize("scenario", scenarios().values(), ids=lambda scenario: scenario.name)
def test_the_node_comes_through(scenario: Scenario) -> None:
    rows = scenario.run(Scale.SHORT)
    assert rows
    assert [row for row in rows if not row.passed] == []
