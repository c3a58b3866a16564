"""Which image of an exposure is read: claims on names of exposures, one file a name, held by one process at a time.

A name is a text that twins share, such as their irradiation event; only its hash becomes a path.
"""

import fcntl
import hashlib
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from time import monotonic, sleep
from typing import IO

from dicom_node.spool.durable import make_directory, write_atomically
from dicom_node.spool.layout import Layout
from dicom_node.spool.store import spool_faults

LOCK_WAIT_S = 20.0
"""A process that was frozen while it held the lock, on whatever host, does not freeze the others."""
_TIMES = ("received_at", "claimed_at")


@dataclass(frozen=True)
class Claim:
    """One image version that is read for its exposure.

    side, view: of the hand, empty where the image does not say. stands_in: raw or captured, so that a processed
    original would be read instead. received_at: when the version came, claimed_at: when it was first to be read.
    predecessor: key of the version whose result this one's supersedes.
    """

    key: str
    sop_instance_uid: str
    side: str
    view: str
    stands_in: bool
    received_at: datetime
    claimed_at: datetime
    predecessor: str | None = None


class Exposures:
    """The claims of one storage directory. Look and change only inside `held`."""

    def __init__(self, layout: Layout) -> None:
        self._folder = layout.exposures

    @contextmanager
    def held(self) -> Iterator[None]:
        """No other thread or process looks or changes meanwhile. Raises SpoolUnwritable, StorageFull."""
        with spool_faults():
            make_directory(self._folder)
            lock = (self._folder / "lock").open("a")
        with lock:
            with spool_faults():
                _lock(lock)
            yield

    def standing(self, names: Sequence[str]) -> list[Claim]:
        """The claims on any of the names, each once, in the order of the names."""
        return list(dict.fromkeys(claim for name in names for claim in self._read(self._path(name))))

    def put(self, names: Sequence[str], claim: Claim, *, instead_of: str | None = None) -> None:
        """Add the claim to each of the names; that of the key instead_of ends. Raises SpoolUnwritable, StorageFull."""
        with spool_faults():
            for name in names:
                path = self._path(name)
                others = [each for each in self._read(path) if each.key not in (claim.key, instead_of)]
                make_directory(path.parent)
                write_atomically(path, json.dumps([_fields(each) for each in (*others, claim)]).encode())

    def _path(self, name: str) -> Path:
        digest = hashlib.sha256(name.encode()).hexdigest()
        return self._folder / digest[:2] / f"{digest}.json"

    def _read(self, path: Path) -> list[Claim]:
        with spool_faults():
            try:
                text = path.read_bytes()
            except FileNotFoundError:
                return []
        return [_claim(fields) for fields in json.loads(text)]


def _lock(file: IO[str]) -> None:
    """Let go of when the file is closed, also by the process's death. Raises BlockingIOError."""
    deadline = monotonic() + LOCK_WAIT_S
    while True:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            if monotonic() > deadline:
                raise
        sleep(0.01)


def _fields(claim: Claim) -> dict[str, object]:
    return asdict(claim) | {name: getattr(claim, name).isoformat() for name in _TIMES}


def _claim(fields: dict[str, str]) -> Claim:
    times = {name: datetime.fromisoformat(fields[name]) for name in _TIMES}
    return Claim(**{**fields, **times})  # type: ignore[arg-type]
