"""A name in every text of an image stands nowhere but in the image and its results, whatever happens to it."""

import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydicom import Dataset, dcmwrite
from pydicom.datadict import DicomDictionary
from pydicom.uid import ExplicitVRLittleEndian

from dicom_node.operate import serve
from dicom_node.operate.child import Child
from dicom_node.operate.child import command as role_command
from dicom_node.spool.layout import Layout
from dicom_node.spool.results import MANIFEST
from tests.faults.raw_peer import PeerGone, RawPeer
from tests.support.node import command
from tests.support.orthanc import free_port
from tests.support.poisoned_worker import Rows
from tests.support.receiving import image
from tests.support.scp import RESULT_CLASSES, RecordingScp, recording_scp

NAME = "Plantedius"
ONE_OF_EACH = {"PN", "LO", "SH", "LT", "ST", "UT", "UC"}
CODES = ("CS", "AE")
OURS = (
    "StudyInstanceUID",
    "SeriesInstanceUID",
    "SOPInstanceUID",
    "SOPClassUID",
    "PhotometricInterpretation",
    "Modality",
)
POISONS = (Rows.WELL, Rows.DECODER_SEGFAULT, Rows.DECODER_MEMORY, Rows.PIPELINE_RAISE, Rows.PIPELINE_KILL)
WAIT_S = 600.0

pytestmark = pytest.mark.timeout(900)


def planted(rows: int) -> Dataset:
    """An image of that height with the name in every text and code of the groups that describe patient and study."""
    ds = image(seed=rows)
    for tag, (vr, multiplicity, _name, retired, keyword) in DicomDictionary.items():
        if tag >> 16 not in (0x0008, 0x0010, 0x0018, 0x0020, 0x0028, 0x0032, 0x0040) or retired or keyword in OURS:
            continue
        if vr in ONE_OF_EACH and multiplicity.startswith("1"):
            setattr(ds, keyword, f"{NAME}^{rows}" if vr == "PN" else f"{NAME} {rows}")
        elif vr in CODES and multiplicity == "1":
            setattr(ds, keyword, NAME.upper())
    ds.SpecificCharacterSet = "ISO_IR 100"
    ds.Rows = rows
    ds.PixelData = (ds.PixelData * 2)[: rows * ds.Columns * 2]
    return ds


def data_set(ds: Dataset) -> bytes:
    buffer = BytesIO()
    dcmwrite(buffer, ds, implicit_vr=False, little_endian=True, enforce_file_format=False)
    return buffer.getvalue()


def settings_file(folder: Path, port: int, pacs: int) -> Path:
    here = {"host": "127.0.0.1"}
    candidates = {key: [] for key in ("modalities", "image_types", "presentation_intents", "body_parts")}
    document: dict[str, Any] = {
        "node": {"port": port, "maximum_object_mib": 1},
        "peers": {
            "modality": {"ae_title": "MODALITY", **here},
            "pacs": {"ae_title": "PACS", "port": pacs, "may": ["receive"], **here},
            "gone": {"ae_title": "GONE", "port": free_port(), "may": ["receive"], **here},
        },
        "routes": [{"name": "hands", "candidates": candidates, "destinations": ["pacs", "gone"]}],
        "storage": {"directory": "state", "minimum_free_mib": 1},
        "work": {"decode_timeout_s": 2.0, "decoder_memory_mib": 512, "torch_threads": 1},
        "delivery": {"delays_s": [0.5], "connect_timeout_s": 2.0},
        "audit": {"file": "state/audit.jsonl"},
        "logging": {"level": "debug"},
    }
    path = folder / "node.yaml"
    path.write_text(yaml.safe_dump(document))
    return path


@contextmanager
def serving(config: Path, folder: Path) -> Iterator[list[Child]]:
    """Receiver, poisoned worker and delivery under the node's own supervision."""
    work = [sys.executable, "-m", "tests.support.poisoned_worker", str(config)]
    commands = {"receive": role_command("receive", config), "work": work, "deliver": role_command("deliver", config)}
    children = [Child(role, line, folder) for role, line in commands.items()]
    stop = threading.Event()
    parent = threading.Thread(target=serve.run, args=(children, stop))
    parent.start()
    try:
        wait_until(lambda: all(child.ready for child in children))
        yield children
    finally:
        stop.set()
        parent.join(60)


def wait_until(condition: Any) -> None:
    deadline = time.monotonic() + WAIT_S
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.2)


def send(port: int, ds: Dataset, data: bytes, *, calling: bytes = b"MODALITY") -> int | None:
    """The status, or None where the node hangs up or rejects."""
    try:
        contexts = [(1, ds.SOPClassUID, ExplicitVRLittleEndian)]
        with closing(RawPeer(port, contexts, calling=calling).open()) as peer:
            return peer.store(1, ds.SOPClassUID, ds.SOPInstanceUID, data)
    except PeerGone:
        return None


def send_everything(port: int) -> None:
    """Images that are read or kill, and objects that are refused for each reason."""
    for rows in POISONS:
        ds = planted(rows)
        assert send(port, ds, data_set(ds)) == 0
    whole, other = planted(90), planted(91)
    nest = (b"\x08\x00\x15\x11SQ\0\0" + b"\xff" * 4 + b"\xfe\xff\x00\xe0" + b"\xff" * 4) * 20
    assert send(port, whole, data_set(whole) + nest) == 0
    assert send(port, other, data_set(whole)) == 0xA900
    assert send(port, other, NAME.encode() * 100) == 0xC000
    assert send(port, other, data_set(other) + bytes(2 << 20)) is None
    for title in (b"STRANGER", f"{NAME}\x1b[2J".encode()):
        assert send(port, other, data_set(other), calling=title) is None


def told(config: Path, keys: list[str]) -> str:
    """What every command says of the node and each image."""
    here = ("--config", config)
    lines = [("jobs", "list", *here), ("status", *here), ("status", "--json", *here), ("check", *here)]
    lines += [("jobs", "show", key[:12], *here) for key in keys]
    ran = [command(*line) for line in lines]
    return "".join(each.stdout + each.stderr for each in ran)


def test_no_log_trail_database_or_command_repeats_what_an_image_says(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dicom_node.operate.child.restart_delay_s", lambda deaths: 0.2)
    port, layout = free_port(), Layout(tmp_path / "state")
    with recording_scp(RecordingScp(statuses={RESULT_CLASSES[2]: 0xA900})) as pacs:
        config = settings_file(tmp_path, port, pacs.port)
        with serving(config, tmp_path):
            send_everything(port)
            wait_until(lambda: len(list(layout.root.glob(f"results/*/*/{MANIFEST}"))) == len(POISONS))
            wait_until(lambda: len(pacs.received) >= 2 * len(POISONS))
            keys = [path.parent.name for path in layout.images.glob("*/*/source.dcm")]
            assert len(keys) == len(POISONS) + 1
            shown = told(config, keys)
    assert any(NAME.encode() in each.data_set for each in pacs.received)
    log = "".join(capfd.readouterr())
    for event in ("image_read", "image_refused", "image_parked", "store_refused", "association_rejected"):
        assert event in log
    assert "object-too-complex" in shown
    assert "process-died" in shown
    said = {"log": log, "commands": shown}
    said |= {str(path.relative_to(tmp_path)): path.read_bytes().decode("latin-1") for path in written(layout.root)}
    # The calling AE title of a caller that was not let in stands where the administrator looks for it.
    allowed = {"log", "commands", "state/refused.jsonl", "state/audit.jsonl"}
    for where, text in said.items():
        text = text.replace(f"{NAME}?[2J", "").replace(f"AETITLE={NAME}?[2J", "") if where in allowed else text
        assert NAME not in text, where
        assert NAME.upper() not in text, where
        assert "\x1b[2J" not in text, where


def written(root: Path) -> list[Path]:
    """Everything in the storage directory but images, results, and the claims of exposures, which keep the view."""
    return [
        path for path in root.rglob("*") if path.is_file() and path.suffix != ".dcm" and "exposures" not in path.parts
    ]
