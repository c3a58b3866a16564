"""Signs of life: a small file for each running process, so that `dicom-node status` knows which are there."""

import json
import os
import socket
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from time import monotonic, time

from dicom_node import __version__
from dicom_node.operate import notify
from dicom_node.settings import Settings
from dicom_node.spool.layout import Layout

BEAT_S = 5.0
"""Between two signs."""
SILENT_S = 30.0
"""A process whose last sign is older is taken for dead, or stuck."""


@dataclass(frozen=True)
class Sign:
    """The last sign of one process. at: seconds since 1970."""

    role: str
    host: str
    pid: int
    version: str
    at: float

    def is_alive(self, now: float) -> bool:
        """Whether the sign is a recent one."""
        return now - self.at < SILENT_S


class Pulse:
    """The signs of this process, beside those for the supervisor. A disk that takes none stops no process."""

    def __init__(self, settings: Settings, role: str) -> None:
        self._role, self._due_at = role, 0.0
        self._host = settings.node.host_id or socket.gethostname()
        self._path = Layout(settings.storage.directory).alive / f"{role}@{self._host}.json"

    def beat(self) -> None:
        """Tell the supervisor, and every few seconds the storage directory."""
        notify.watchdog()
        if monotonic() >= self._due_at:
            self._due_at = monotonic() + BEAT_S
            with suppress(OSError):
                self._write(Sign(self._role, self._host, os.getpid(), __version__, time()))

    def end(self) -> None:
        """The process ends as it was asked to."""
        with suppress(OSError):
            self._path.unlink(missing_ok=True)

    def _write(self, sign: Sign) -> None:
        """Whole, and not durable: after a power cut there is no process."""
        self._path.parent.mkdir(mode=0o700, exist_ok=True)
        part = self._path.with_suffix(".part")
        part.write_text(json.dumps(asdict(sign)), encoding="utf-8")
        part.replace(self._path)


def signs(layout: Layout) -> list[Sign]:
    """The last sign of each process that did not end as it was asked to, by role and host."""
    return sorted(_read(layout.alive), key=lambda sign: (sign.role, sign.host))


def _read(folder: Path) -> Iterator[Sign]:
    for path in folder.glob("*.json"):
        with suppress(OSError, ValueError, TypeError):
            yield Sign(**json.loads(path.read_bytes()))
