"""Power loss: every prefix of what a process wrote, with what was not synced dropped, and then a start."""

import hashlib
import json
import os
import shutil
import socket
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml

from dicom_node.errors import NodeError
from dicom_node.spool.identity import content_sha256, identify
from dicom_node.spool.layout import Layout, image_key
from dicom_node.spool.made import was_made_here
from dicom_node.spool.origin import read_provenance
from dicom_node.spool.results import MANIFEST, SUMMARY, read_results
from dicom_node.spool.store import Inbox
from tests.faults.phantoms import SMALL, images
from tests.faults.replay import Disk, Survival, lay_out, without_database
from tests.faults.results_writer import MADE
from tests.faults.scenario import Row, Scale, Scenario, exactly, noted, scratch
from tests.faults.site import document, store
from tests.faults.trace import Operation, Promise, operations, traced, traced_to_its_end
from tests.support.orthanc import free_port

P_DATA = b"\x04"
"""What the PDU of a C-STORE response begins with (PS3.8 9.3.5); the receiver sends no other data."""


@dataclass
class Tally:
    """What was found after all power cuts."""

    cuts: int = 0
    lost: int = 0
    halves: int = 0


Find = Callable[[Layout, Sequence[str], Tally], None]


def run(scale: Scale) -> Sequence[Row]:
    """The receiver with images from storescu, and a process that writes results."""
    with scratch("power") as folder:
        (folder / "replay").mkdir()
        received, promised = _receive(folder, scale.pick(3, 20))
        rows = _rows("images", received, _cut(folder / "replay", received, promised, _image_faults))
        results, keys = _write_results(folder, scale.pick(2, 10))
        return [*rows, *_rows("results", results, _cut(folder / "replay", results, keys, _result_faults))]


def _receive(folder: Path, count: int) -> tuple[list[Operation], list[str]]:
    """Operations of a receiver, and the keys that it acknowledged in their order."""
    state, port = folder / "receive" / "state", free_port()
    state.mkdir(parents=True)
    settings, record = state.parent / "node.yaml", folder / "receive.strace"
    settings.write_text(yaml.safe_dump(document(port, {})))
    sent = images(folder / "images", count, SMALL)
    command = [sys.executable, "-m", "dicom_node.cli", "receive", "--config", str(settings)]
    with traced(command, record, ready=lambda: _listens(port)):
        acknowledged = [store(image.path, port) for image in sent]
    if not all(acknowledged):
        raise RuntimeError("the traced receiver did not take every image")
    keys = [_key(image.path) for image in sent]
    done = operations(record.read_text(errors="replace"), state, lambda data: data.startswith(P_DATA))
    return without_database(done, state), keys


def _write_results(folder: Path, count: int) -> tuple[list[Operation], list[str]]:
    """Operations of write_results, and the keys whose results were told to be there, in their order."""
    state, record = folder / "results", folder / "results.strace"
    state.mkdir()
    traced_to_its_end([sys.executable, "-m", "tests.faults.results_writer", str(state), str(count)], record)
    done = operations(record.read_text(errors="replace"), state, lambda data: data.startswith(MADE))
    return done, [each.data.removeprefix(MADE).decode() for each in done if isinstance(each, Promise)]


def _cut(folder: Path, done: Sequence[Operation], promised: Sequence[str], find: Find) -> Tally:
    """Cut the power after each operation, in each way to survive, and look at what a start finds."""
    tally, root = Tally(), _root(done)
    disk, told = Disk(root), 0
    for operation in done:
        told += isinstance(operation, Promise)
        disk.apply(operation)
        for survival in Survival:
            target = folder / "state"
            target.mkdir()
            lay_out(disk.survivors(survival), root, target)
            find(Layout(target), promised[:told], tally)
            tally.cuts += 1
            shutil.rmtree(target)
    return tally


def _image_faults(layout: Layout, promised: Sequence[str], tally: Tally) -> None:
    """As the receiver and the worker start: every image that they would give a job is whole."""
    inbox = Inbox(layout)
    inbox.prepare()
    inbox.sweep_incoming(untouched_s=0)
    keys = set(inbox.keys())
    there = {key for key in keys if is_whole_image(layout, key)}
    tally.halves += len(keys - there)
    tally.lost += len(set(promised) - there)


def is_whole_image(layout: Layout, key: str) -> bool:
    """Its content is the one its key names, and its origin can be read."""
    try:
        return _key(layout.image(key)) == key and bool(read_provenance(layout, key).sop_instance_uid)
    except (NodeError, OSError, ValueError, KeyError):
        return False


def _result_faults(layout: Layout, promised: Sequence[str], tally: Tally) -> None:
    """Whatever has a manifest is whole, with the ledger of what was made here; what was told is there."""
    folders = {path.parent.name for path in layout.root.glob(f"results/*/*/{MANIFEST}")}
    final = {name for name in folders if "." not in name}  # a draft has a suffix
    whole = {key for key in final if is_whole_result(layout, key)}
    tally.halves += len(final - whole)
    tally.lost += len(set(promised) - whole)


def is_whole_result(layout: Layout, key: str) -> bool:
    """Every object of its manifest is what was built, and is in the ledger of what was made here."""
    try:
        objects = read_results(layout, key).objects
        summary = json.loads((layout.results(key) / SUMMARY).read_bytes())
        hashes = [hashlib.sha256(each.path.read_bytes()).hexdigest() == each.sha256 for each in objects]
    except (OSError, ValueError, KeyError):
        return False
    known = [was_made_here(layout, each.sop_instance_uid) for each in objects]
    return bool(objects) and all(hashes) and all(known) and summary["status"] == "read"


def _rows(what: str, done: Sequence[Operation], tally: Tally) -> list[Row]:
    kinds = Counter(type(each).__name__.lower() for each in done)
    return [
        noted(f"{what}: operations recorded", len(done), ", ".join(f"{kinds[kind]} {kind}" for kind in sorted(kinds))),
        noted(f"{what}: power cuts replayed", tally.cuts, "cuts"),
        exactly(f"{what}: promised and lost", 0, tally.lost),
        exactly(f"{what}: taken for whole and half", 0, tally.halves),
    ]


def _root(done: Sequence[Operation]) -> str:
    """The storage directory."""
    return os.path.commonpath([each.path for each in done if each.path])


def _key(path: Path) -> str:
    identity = identify(path)
    return image_key(identity.sop_instance_uid, content_sha256(path, identity))


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


SCENARIOS = (
    Scenario(
        "power-loss",
        "The writes, renames and fsyncs of a receiver and of a writer of results, as strace saw them; after every one "
        "of them the power is cut: nothing survives that was not synced, or all names do, or everything does.",
        run,
    ),
)
