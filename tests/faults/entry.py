"""The node's processes with a way to die at a named point, for the fault suite alone.

    python -m tests.faults.entry serve CONFIG [--quick]    supervises the roles, as `dicom-node serve` does
    python -m tests.faults.entry ROLE CONFIG [--quick]     the node's own role, with the points of `points` in it

--quick: the worker reads with `stand_in` instead of the shipped networks, which take seconds to load.
Restarts come after a second at most, where the node's own delays grow to a minute: an hour of kills fits into minutes.
"""

import importlib
import sys
import tempfile
from pathlib import Path

from dicom_node import logs, settings
from dicom_node.operate import child, serve
from dicom_node.operate.signals import stop_event
from tests.faults import clock, points, stand_in, version

LONGEST_DELAY_S = 1.0
QUICK = "--quick"
ROLE_MODULES = {role: f"dicom_node.{role}.run" for role in serve.ROLES}


def main(role: str, config: Path, *, quick: bool = False) -> int:
    """Run the role, or all of them."""
    clock.install(config.parent)
    version.install(config.parent)
    if role == "serve":
        return supervise(config, quick=quick)
    if quick:
        stand_in.install()
    points.install(role, config.parent, quick=quick)
    status: int = importlib.import_module(ROLE_MODULES[role]).run(config)
    return status


def supervise(config: Path, *, quick: bool) -> int:
    """The node's own supervision over our commands."""
    child.LONGEST_DELAY_S = LONGEST_DELAY_S
    logs.configure(settings.load(config).logging, role="serve")
    with tempfile.TemporaryDirectory(prefix="dicom-node-") as folder:
        children = [child.Child(role, command(role, config, quick=quick), Path(folder)) for role in serve.ROLES]
        return serve.run(children, stop_event())


def command(role: str, config: Path, *, quick: bool = False) -> list[str]:
    """This module as the command of a role."""
    return [sys.executable, "-m", "tests.faults.entry", role, str(config), *([QUICK] if quick else ())]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], Path(sys.argv[2]), quick=QUICK in sys.argv))
