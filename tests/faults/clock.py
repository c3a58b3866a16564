"""The clock of a node's processes, set from outside: their `time.time` reads an offset from a file.

The monotonic clock goes on as it is, as when a computer's clock is set. What asks `datetime.now` sees no jump: it only
stamps what is received and made.
"""

import time
from pathlib import Path

OFFSET = "clock-offset"


def install(folder: Path) -> None:
    """Whatever asks `time.time` from now on, the job engine among it, gets the shifted time."""
    real, path = time.time, folder / OFFSET

    def shifted() -> float:
        return real() + _offset_s(path)

    time.time = shifted


def turn(folder: Path, offset_s: float) -> None:
    """Set the clocks of the node's processes by so many seconds from the true time."""
    path = folder / OFFSET
    path.with_suffix(".new").write_text(str(offset_s))
    path.with_suffix(".new").replace(path)


def _offset_s(path: Path) -> float:
    try:
        return float(path.read_text())
    except FileNotFoundError:
        return 0.0
