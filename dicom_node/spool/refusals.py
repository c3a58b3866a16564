"""Associations that were refused lately, so that `check` can say who called whom."""

import json
import threading
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from dicom_node.spool.durable import write_atomically
from dicom_node.spool.store import spool_faults

LIMIT = 100


@dataclass(frozen=True)
class Refusal:
    """Who called whom from where, why it was refused, and what the settings say. AE titles are printable ASCII.

    last_at: ISO 8601 with zone, of the latest of `times` calls alike.
    """

    calling_ae_title: str
    called_ae_title: str
    host: str
    reason: str
    configured: str
    last_at: str
    times: int = 1

    def is_like(self, other: "Refusal") -> bool:
        """The same call with the same answer, at whatever time."""
        return replace(self, last_at="", times=1) == replace(other, last_at="", times=1)


class RefusalLog:
    """A file of the latest refusals, newest last; calls alike share a line, and the oldest lines are dropped."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()

    def add(self, refusal: Refusal) -> None:
        """Write it down. Raises SpoolUnwritable, StorageFull."""
        with self._lock:
            before = self.read()
            times = 1 + sum(each.times for each in before if each.is_like(refusal))
            others = [each for each in before if not each.is_like(refusal)]
            kept = [*others, replace(refusal, times=times)][-LIMIT:]
            lines = "".join(json.dumps(asdict(each)) + "\n" for each in kept)
            with spool_faults():
                write_atomically(self._path, lines.encode())

    def read(self) -> list[Refusal]:
        """What was written down, newest last; nothing where there is no file."""
        try:
            text = self._path.read_text(encoding="utf-8")
        except OSError:
            return []
        return [Refusal(**json.loads(line)) for line in text.splitlines()]
