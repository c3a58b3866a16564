"""Every scenario: those of the modules of this package that have `SCENARIOS`, in the order of the modules' names."""

import importlib
import pkgutil

import tests.faults
from tests.faults.scenario import Scenario


def scenarios() -> dict[str, Scenario]:
    """By name. Raises ValueError where two have the same."""
    found: dict[str, Scenario] = {}
    for module in pkgutil.iter_modules(tests.faults.__path__, "tests.faults."):
        if module.name.endswith("__main__"):
            continue
        for scenario in getattr(importlib.import_module(module.name), "SCENARIOS", ()):
            if scenario.name in found:
                raise ValueError(f"two scenarios are called {scenario.name}")
            found[scenario.name] = scenario
    return found
