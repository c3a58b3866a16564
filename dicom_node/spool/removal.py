"""Files of image versions that ended, removed; a line of each is remembered, so that a re-sent image makes no second
result.

In order: the memory is durable, the results go, the image goes. What an interrupted removal left goes with the next.
"""

import json
import shutil
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from dicom_node.spool.durable import make_directory, write_atomically
from dicom_node.spool.layout import Layout
from dicom_node.spool.origin import read_provenance
from dicom_node.spool.results import MANIFEST, SUMMARY
from dicom_node.spool.store import spool_faults

_TIMES = ("received_at", "removed_at")


@dataclass(frozen=True)
class Removed:
    """What is remembered. status: read or refused; empty where no route took the image."""

    sop_instance_uid: str
    calling_ae_title: str
    received_at: datetime
    removed_at: datetime
    status: str


def remove(layout: Layout, key: str, now: datetime) -> None:
    """Remove image and results of a version that ended, and remember it. Raises SpoolUnwritable, StorageFull."""
    path = layout.memory(key)
    with spool_faults():
        if layout.image(key).exists() and not path.exists():
            make_directory(path.parent)
            write_atomically(path, json.dumps(_fields(_memory(layout, key, now))).encode())
        for folder in (layout.results(key), layout.image(key).parent):
            if folder.exists():
                shutil.rmtree(folder)


def recall_removed(layout: Layout, key: str) -> Removed | None:
    """What is remembered of an image version; None where nothing is."""
    try:
        fields = json.loads(layout.memory(key).read_bytes())
    except FileNotFoundError:
        return None
    return Removed(**fields | {name: datetime.fromisoformat(fields[name]) for name in _TIMES})


def interrupted(layout: Layout) -> Iterator[str]:
    """Keys of versions that are remembered as removed, and whose files still lie there."""
    for path in layout.memories.glob("*/*.json"):
        if layout.image(path.stem).parent.exists() or layout.results(path.stem).exists():
            yield path.stem


def forget(layout: Layout, before: datetime) -> int:
    """Forget what was removed before that time; says how many. Raises SpoolUnwritable."""
    forgotten = 0
    with spool_faults():
        for path in layout.memories.glob("*/*.json"):
            with suppress(FileNotFoundError):
                if path.stat().st_mtime < before.timestamp():
                    path.unlink()
                    forgotten += 1
    return forgotten


def size_bytes(layout: Layout, key: str) -> int:
    """Of all files of an image version."""
    return sum(_size(folder) for folder in (layout.image(key).parent, layout.results(key)))


def _size(folder: Path) -> int:
    total = 0
    for path in folder.glob("*"):
        with suppress(FileNotFoundError):
            total += path.stat().st_size
    return total


def _memory(layout: Layout, key: str, now: datetime) -> Removed:
    found, results = read_provenance(layout, key), layout.results(key)
    final = (results / MANIFEST).exists()
    status = str(json.loads((results / SUMMARY).read_bytes())["status"]) if final else ""
    origin = found.origin
    return Removed(found.sop_instance_uid, origin.calling_ae_title, origin.received_at, now, status)


def _fields(removed: Removed) -> dict[str, Any]:
    return asdict(removed) | {name: getattr(removed, name).isoformat() for name in _TIMES}
