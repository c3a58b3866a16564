"""`dicom-node deliver` as a process, with results in its spool and deliveries in its queue."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from pydicom import Dataset
from pydicom.dataset import FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, generate_uid
from pynetdicom.sop_class import Comprehensive3DSRStorage, SecondaryCaptureImageStorage

from dicom_node.jobs.client import DatabaseQueue
from dicom_node.jobs.history import Attempt, attempts
from dicom_node.jobs.workflows import delivery_options
from dicom_node.settings import load
from dicom_node.spool.layout import Layout
from dicom_node.spool.results import NewObject, StoredResults, write_results

GRACE_S = 120.0
CLASSES = {"report": Comprehensive3DSRStorage, "capture": SecondaryCaptureImageStorage}


def peer(port: int, **values: object) -> dict[str, Any]:
    """A destination on the loopback interface."""
    return {"ae_title": "PACS", "host": "127.0.0.1", "port": port, "may": ["receive"]} | values


def small_results(layout: Layout, key: str) -> StoredResults:
    """A report and a picture of a few bytes each."""
    return write_results(layout, key, [NewObject(kind, _object(key, kind)) for kind in CLASSES], {})


def _object(key: str, kind: str) -> Dataset:
    ds = Dataset()
    ds.file_meta = FileMetaDataset()
    ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    ds.SOPClassUID = ds.file_meta.MediaStorageSOPClassUID = CLASSES[kind]
    ds.SOPInstanceUID = ds.file_meta.MediaStorageSOPInstanceUID = generate_uid(entropy_srcs=[key, kind])
    ds.StudyInstanceUID = generate_uid(entropy_srcs=[key, "study"])
    ds.SeriesInstanceUID = generate_uid(entropy_srcs=[key, kind, "series"])
    ds.PatientName, ds.PatientID = "PHANTOM^HAND", "PHANTOM-1"
    return ds


@dataclass
class Delivering:
    """One storage directory, its settings file, its queue and its process."""

    folder: Path
    queue: DatabaseQueue
    process: "subprocess.Popen[bytes] | None" = None

    @property
    def layout(self) -> Layout:
        return Layout(self.folder / "state")

    def start(self) -> None:
        """Start the process; what it logs goes to deliver.log."""
        command = [sys.executable, "-m", "dicom_node.cli", "deliver", "--config", str(self.folder / "node.yaml")]
        with (self.folder / "deliver.log").open("ab") as log:
            self.process = subprocess.Popen(command, stderr=log, env={**os.environ, "OMP_NUM_THREADS": "1"})

    def kill(self) -> None:
        """kill -9."""
        assert self.process is not None
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def enqueue(self, key: str, *destinations: str, delay_s: float | None = None) -> None:
        """Results, and a delivery of them to each destination, after a delay where one is given."""
        small_results(self.layout, key)
        client, engine = self.queue.open()
        with engine.begin() as connection:
            for name in destinations:
                options = delivery_options(key, name, 0, delay_s)
                client.enqueue_in_transaction(connection, options, key, name, 0, 0.0)

    def attempts(self, key: str, destination: str) -> list[Attempt]:
        """Every attempt at one delivery, in order."""
        found = attempts(self.queue, [key])[key]
        return sorted((each for each in found if each.destination == destination), key=lambda each: each.number)

    def verdicts(self, key: str, destination: str) -> list[tuple[str, str]]:
        """Verdict and code of every attempt that ended."""
        return [(each.verdict, each.code) for each in self.attempts(key, destination) if each.state == "ended"]

    def until(self, key: str, destination: str, verdict: str, *, within_s: float = GRACE_S) -> None:
        """Wait until an attempt ended with the verdict."""
        deadline = time.monotonic() + within_s
        while verdict not in [each for each, _ in self.verdicts(key, destination)]:
            assert time.monotonic() < deadline, self.log()
            time.sleep(0.05)

    def log(self) -> str:
        """What the process wrote until now."""
        return (self.folder / "deliver.log").read_text(errors="replace")[-6000:]


@contextmanager
def delivering(folder: Path, peers: Mapping[str, Any], **delivery: object) -> Iterator[Delivering]:
    """Settings with these destinations; the process is started by `start`, and killed at the end."""
    document = {
        "node": {"ae_title": "BONEAGE", "port": 0},
        "peers": dict(peers),
        "storage": {"directory": "state", "minimum_free_mib": 1},
        "delivery": {"connect_timeout_s": 1, "dimse_timeout_s": 2, "delays_s": [0.5, 1, 2]} | delivery,
    }
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "node.yaml").write_text(yaml.safe_dump(document))
    opened = Delivering(folder, DatabaseQueue(load(folder / "node.yaml")))
    try:
        yield opened
    finally:
        if opened.process is not None:
            opened.process.kill()
            opened.process.wait()
        opened.queue.close()
