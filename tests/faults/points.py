"""Points at which a role dies of SIGKILL, once each time the point is armed.

The functions around a point are wrapped from outside; the node's own code knows nothing of it. A point is armed by its
name in the file `armed` of the folder; the file goes before the process does.
"""

import os
import signal
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from dicom_node.spool.results import MANIFEST

ARMED = "armed"
INTO_THE_BATCH_S = 0.05
"""After a batch began; reading one takes longer."""

POINTS = {
    "receive": (
        "before fsync",
        "before rename",
        "before the folder's fsync",
        "before the job",
        "before the response",
    ),
    "work": ("before the batch", "in the batch", "after the batch", "before the results are final", "after them"),
    "deliver": ("before the PACS", "between two objects", "after the PACS stored"),
}
"""By role, in the order in which a job passes them."""

Fire = Callable[[str], None]


def arm(folder: Path, point: str) -> None:
    """The next process that comes to the point dies there."""
    path = folder / ARMED
    path.with_suffix(".new").write_text(point)
    path.with_suffix(".new").replace(path)


def is_armed(folder: Path) -> bool:
    """Whether nobody has come to the armed point yet."""
    return (folder / ARMED).exists()


def install(role: str, folder: Path, *, quick: bool) -> None:
    """Put the role's points into this process; quick: those of the networks are left out."""
    armed, lock = folder / ARMED, threading.Lock()

    def fire(point: str) -> None:
        with lock:
            if not armed.exists() or armed.read_text() != point:
                return
            armed.unlink()
            os.kill(os.getpid(), signal.SIGKILL)

    {"receive": _receiver, "work": _results if quick else _worker, "deliver": _delivery}[role](fire)


def before(owner: Any, name: str, act: Callable[..., object]) -> None:
    """Call act with the same arguments first."""
    original = getattr(owner, name)

    def wrapped(*arguments: Any, **named: Any) -> Any:
        act(*arguments, **named)
        return original(*arguments, **named)

    setattr(owner, name, wrapped)


def after(owner: Any, name: str, act: Callable[..., object]) -> None:
    """Call act with the same arguments once the original has returned."""
    original = getattr(owner, name)

    def wrapped(*arguments: Any, **named: Any) -> Any:
        result = original(*arguments, **named)
        act(*arguments, **named)
        return result

    setattr(owner, name, wrapped)


def _receiver(fire: Fire) -> None:
    from dicom_node.jobs.client import DatabaseQueue

    def on_fsync(descriptor: int) -> None:
        path = Path(os.readlink(f"/proc/self/fd/{descriptor}"))
        if path.parent.name == "incoming":
            fire("before fsync")
        elif (path / "source.dcm").exists():
            fire("before the folder's fsync")

    def on_replace(_source: Any, target: Any, **_: Any) -> None:
        if Path(target).name == "source.dcm":
            fire("before rename")

    before(os, "fsync", on_fsync)
    before(os, "replace", on_replace)
    before(DatabaseQueue, "enqueue_image", lambda *_, **__: fire("before the job"))
    after(DatabaseQueue, "enqueue_image", lambda *_, **__: fire("before the response"))


def _worker(fire: Fire) -> None:
    from pipelines.read import StagedPipeline

    def on_batch(*_: Any) -> None:
        fire("before the batch")
        threading.Timer(INTO_THE_BATCH_S, fire, ["in the batch"]).start()

    before(StagedPipeline, "read", on_batch)
    after(StagedPipeline, "read", lambda *_, **__: fire("after the batch"))
    _results(fire)


def _results(fire: Fire) -> None:
    def becomes_final(_source: Any, target: Any, **_: Any) -> bool:
        """The manifest is renamed into the results' folder, or the whole folder, which is no draft, gets its name."""
        path = Path(target)
        folder = path.parent if path.name == MANIFEST else path
        return "." not in folder.name and "results" in folder.parts

    def fire_if_final(point: str) -> Callable[..., None]:
        def act(*arguments: Any, **named: Any) -> None:
            if becomes_final(*arguments, **named):
                fire(point)

        return act

    for name in ("replace", "rename"):
        before(os, name, fire_if_final("before the results are final"))
        after(os, name, fire_if_final("after them"))


def _delivery(fire: Fire) -> None:
    from pynetdicom.association import Association

    sent: dict[int, int] = {}

    def on_send(assoc: Association, *_: Any, **__: Any) -> None:
        if sent.setdefault(id(assoc), 0) == 1:
            fire("between two objects")
        sent[id(assoc)] += 1
        fire("before the PACS")

    def on_release(assoc: Association) -> None:
        if sent.pop(id(assoc), 0):
            fire("after the PACS stored")

    before(Association, "send_c_store", on_send)
    before(Association, "release", on_release)
