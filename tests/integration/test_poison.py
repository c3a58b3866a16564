"""Images that crash, hang or exhaust the worker: real processes die, each image is answered, the others are read."""

import json
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from dicom_node.operate import serve
from dicom_node.operate.child import Child
from dicom_node.spool.layout import Layout
from dicom_node.spool.origin import Origin
from dicom_node.spool.results import MANIFEST, SUMMARY, read_results
from dicom_node.spool.store import Inbox
from tests.support.node import command
from tests.support.poisoned_worker import Rows
from tests.support.receiving import image

ANSWERS_S = 800.0
"""A busy machine takes a minute to start a worker; here it starts five times."""


def settings_file(folder: Path) -> Path:
    document = {
        "storage": {"directory": "state", "minimum_free_mib": 1},
        "peers": {"pacs": {"ae_title": "PACS", "host": "127.0.0.1", "port": 104, "may": ["receive"]}},
        "routes": [{"name": "hands", "candidates": {"image_types": [], "presentation_intents": []}}],
        "work": {
            "decode_timeout_s": 1.0,
            "decoder_memory_mib": 512,
            "batch_timeout_s": 1.0,
            "batch_wait_ms": 200.0,
            "torch_threads": 1,
        },
    }
    path = folder / "node.yaml"
    path.write_text(yaml.safe_dump(document))
    return path


def store(layout: Layout, rows: int, seed: int) -> str:
    """An image of that height in the spool, without a job: the worker finds it when it starts."""
    inbox = Inbox(layout)
    inbox.prepare()
    ds = image(seed=seed)
    ds.Rows, ds.Columns = rows, 64
    ds.PixelData = (ds.PixelData * 2)[: rows * 64 * 2]
    part = layout.incoming / f"{seed}.part"
    ds.save_as(part, enforce_file_format=True)
    return inbox.accept(part, Origin("MODALITY", "BONEAGE", "127.0.0.1", datetime.now(UTC))).key


@contextmanager
def supervised(settings: Path, folder: Path) -> Iterator[Child]:
    """The poisoned worker under the node's own supervision."""
    child = Child("work", [sys.executable, "-m", "tests.support.poisoned_worker", str(settings)], folder)
    stop = threading.Event()
    parent = threading.Thread(target=serve.run, args=([child], stop))
    parent.start()
    try:
        yield child
    finally:
        stop.set()
        parent.join(60)


def answered(layout: Layout, keys: list[str]) -> dict[str, dict[str, Any]]:
    """The summary of each image, once all have one."""
    deadline = time.monotonic() + ANSWERS_S
    while time.monotonic() < deadline:
        if all((layout.results(key) / MANIFEST).exists() for key in keys):
            return {key: json.loads((layout.results(key) / SUMMARY).read_bytes()) for key in keys}
        time.sleep(0.2)
    raise AssertionError([key[:8] for key in keys if not (layout.results(key) / MANIFEST).exists()])


pytestmark = pytest.mark.timeout(1000)


@pytest.fixture(autouse=True)
def quick_restarts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dicom_node.operate.child.restart_delay_s", lambda deaths: 0.2)
    monkeypatch.setattr("dicom_node.operate.serve.VAIN_STARTS", 100)


def test_what_kills_a_decoder_is_refused_and_the_worker_lives(tmp_path: Path) -> None:
    layout, settings = Layout(tmp_path / "state"), settings_file(tmp_path)
    poisons = (Rows.DECODER_SEGFAULT, Rows.DECODER_ABORT, Rows.DECODER_HANG, Rows.DECODER_MEMORY)
    keys = {rows: store(layout, rows, seed) for seed, rows in enumerate(poisons)}
    mates = [store(layout, Rows.WELL, seed) for seed in range(10, 16)]
    with supervised(settings, tmp_path) as child:
        summaries = answered(layout, [*keys.values(), *mates])
        assert child.deaths == 0
    assert {summaries[key]["status"] for key in mates} == {"read"}
    refusals = {rows: summaries[key]["refusal"] for rows, key in keys.items()}
    assert {each["code"] for each in refusals.values()} == {"not-decodable"}
    assert refusals[Rows.DECODER_SEGFAULT]["detail"] == "decoder-died, 2 times"
    assert refusals[Rows.DECODER_HANG]["detail"] == "decoder-hung, 2 times"
    assert "MemoryError" in refusals[Rows.DECODER_MEMORY]["detail"]
    for key in keys.values():
        assert {each.kind for each in read_results(layout, key).objects} >= {"report", "report-fallback"}


@pytest.mark.parametrize(
    ("poison", "code"),
    [
        (Rows.PIPELINE_HANG, "pipeline-hung"),
        (Rows.PIPELINE_KILL, "process-died"),
        (Rows.PIPELINE_RAISE, "unexpected"),
    ],
)
def test_what_takes_the_worker_with_it_is_answered_alone_and_its_mates_are_read(
    tmp_path: Path, poison: Rows, code: str
) -> None:
    layout, settings = Layout(tmp_path / "state"), settings_file(tmp_path)
    mates = [store(layout, Rows.WELL, seed) for seed in range(3)]
    key = store(layout, poison, 9)
    with supervised(settings, tmp_path):
        summaries = answered(layout, [key, *mates])
    assert {summaries[mate]["status"] for mate in mates} == {"read"}
    assert summaries[key]["refusal"] == {"code": "reading-failed", "detail": f"{code}, time after time"}
    assert {each.kind for each in read_results(layout, key).objects} >= {"report", "report-fallback"}
    shown = command("jobs", "show", key[:12], "--config", settings).stdout
    assert "refused: reading-failed" in shown
    assert shown.count(f": {code}") == 4
