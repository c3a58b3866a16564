"""The fault suite as a command: runs scenarios, prints their tables, exits with 1 where anything failed."""

import logging
import sys
import time
import traceback
from pathlib import Path
from typing import Annotated

import pytest
import structlog
import typer

from tests.faults import table
from tests.faults.catalogue import scenarios
from tests.faults.scenario import Row, Scale, Scenario
from tests.faults.table import Result

RAN = "the scenario ran to its end"


def main(
    full: Annotated[bool, typer.Option("--full", help="The long form, for a quiet machine.")] = False,
    only: Annotated[list[str] | None, typer.Option(help="Scenarios by name; all where none is given.")] = None,
    output: Annotated[Path | None, typer.Option(help="A document whose tables are brought up to date.")] = None,
) -> None:
    """Inject faults into a node of its own, and say what came of them."""
    every = scenarios()
    unknown = set(only or ()) - set(every)
    if unknown:
        print(f"no scenario {', '.join(sorted(unknown))}; there are {', '.join(every)}", file=sys.stderr)
        raise typer.Exit(2)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    scale = Scale.FULL if full else Scale.SHORT
    results = [_run(every[name], scale) for name in only or every]
    if output is not None:
        table.write(output, results)
    failed = [result.scenario.name for result in results if not result.passed]
    print(f"failed: {', '.join(failed)}" if failed else f"all {len(results)} passed")
    raise typer.Exit(1 if failed else 0)


def _run(scenario: Scenario, scale: Scale) -> Result:
    """What it came to; a scenario that cannot be run has failed, and the others go on."""
    started = time.monotonic()
    try:
        rows = tuple(scenario.run(scale))
    except (pytest.skip.Exception, pytest.fail.Exception) as absent:
        rows = (Row(RAN, "yes", str(absent), passed=False),)
    except Exception as error:
        traceback.print_exc()
        rows = (Row(RAN, "yes", type(error).__name__, passed=False),)
    result = Result(scenario, scale, rows, time.monotonic() - started)
    print(table.markdown(result), flush=True)
    return result


if __name__ == "__main__":
    typer.run(main)
