"""A receiver of a test on a free port, a queue that remembers, images to send, and certificates."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from pydicom import Dataset, FileMetaDataset
from pydicom.uid import (
    UID,
    DigitalXRayImageStorageForPresentation,
    ExplicitVRLittleEndian,
    generate_uid,
)
from pynetdicom import AE
from pynetdicom.association import Association
from pynetdicom.sop_class import Verification  # type: ignore[attr-defined]

from dicom_node.errors import JobsUnavailable
from dicom_node.jobs.contract import Priority
from dicom_node.receive.scp import Receiver, start
from dicom_node.settings import Settings
from dicom_node.spool.layout import Layout
from dicom_node.spool.store import Inbox

LOOPBACK = "127.0.0.1"


@dataclass
class RecordingQueue:
    """A `JobQueue` in memory; while `away`, as with a database that cannot be reached."""

    keys: list[tuple[str, Priority]] = field(default_factory=list)
    away: bool = False

    def enqueue_image(self, key: str, *, priority: Priority = Priority.ROUTINE) -> None:
        if self.away:
            raise JobsUnavailable("away")
        self.keys.append((key, priority))


def settings_in(directory: Path, **node: Any) -> Settings:
    """A node BONEAGE on a free port that knows a modality and a workstation."""
    return Settings.model_validate(
        {
            "node": {"port": 0, **node},
            "peers": {
                "modality": {"ae_title": "MODALITY", "host": LOOPBACK},
                "elsewhere": {"ae_title": "ELSEWHERE", "host": "192.0.2.1"},
                "viewer": {"ae_title": "VIEWER", "host": LOOPBACK, "port": 11113, "may": ["receive"]},
            },
            "storage": {"directory": directory, "minimum_free_mib": 1},
        }
    )


@dataclass
class Running:
    """A receiver with what is behind it."""

    receiver: Receiver
    inbox: Inbox
    queue: RecordingQueue

    @property
    def port(self) -> int:
        return self.receiver.port

    def stored(self) -> list[str]:
        """Keys of stored images."""
        return sorted(self.inbox.keys())

    def incoming(self) -> list[Path]:
        """Files that are being received, or were left behind."""
        return list(self.inbox.layout.incoming.iterdir())


@contextmanager
def receiving(settings: Settings, *, queue: RecordingQueue | None = None) -> Iterator[Running]:
    """Run a receiver until the end of the block."""
    minimum_free_mib = settings.storage.minimum_free_mib
    inbox = Inbox(Layout(settings.storage.directory), minimum_free_mib=minimum_free_mib)
    queue = queue or RecordingQueue()
    receiver = start(settings, inbox, queue)
    try:
        yield Running(receiver, inbox, queue)
    finally:
        receiver.stop(timeout_s=5.0)


def image(*, side: int = 64, seed: int = 0, syntax: UID = ExplicitVRLittleEndian) -> Dataset:
    """A DX image of noise with an invented patient."""
    ds = Dataset()
    ds.SOPClassUID = DigitalXRayImageStorageForPresentation
    ds.SOPInstanceUID = generate_uid(entropy_srcs=[f"image-{seed}"])
    ds.StudyInstanceUID, ds.SeriesInstanceUID = (
        generate_uid(entropy_srcs=[f"{part}-{seed}"]) for part in ("study", "series")
    )
    ds.PatientName, ds.PatientID = "Invented^Patient", "TEST-1"
    ds.Modality, ds.BodyPartExamined = "DX", "HAND"
    ds.Rows = ds.Columns = side
    ds.SamplesPerPixel, ds.PhotometricInterpretation, ds.PixelRepresentation = 1, "MONOCHROME2", 0
    ds.BitsAllocated, ds.BitsStored, ds.HighBit = 16, 12, 11
    ds.PixelData = np.random.default_rng(seed).integers(0, 4096, (side, side), dtype=np.uint16).tobytes()
    ds.file_meta = FileMetaDataset()
    ds.file_meta.TransferSyntaxUID = syntax
    ds.file_meta.MediaStorageSOPClassUID = ds.SOPClassUID
    ds.file_meta.MediaStorageSOPInstanceUID = ds.SOPInstanceUID
    return ds


def write_image(path: Path, **options: Any) -> Path:
    """The image as a file."""
    image(**options).save_as(path, enforce_file_format=True)
    return path


@contextmanager
def association(
    port: int, *, calling: str = "MODALITY", called: str = "BONEAGE", syntax: UID = ExplicitVRLittleEndian, **more: Any
) -> Iterator[Association]:
    """An association of pynetdicom's SCU, whether it is established or not."""
    ae = AE(ae_title=calling)
    ae.acse_timeout = ae.dimse_timeout = ae.network_timeout = 10
    ae.add_requested_context(Verification)
    ae.add_requested_context(DigitalXRayImageStorageForPresentation, syntax)
    assoc = ae.associate(LOOPBACK, port, ae_title=called, **more)
    try:
        yield assoc
    finally:
        if assoc.is_established:
            assoc.release()


def certificate(folder: Path, name: str) -> tuple[Path, Path]:
    """A self-signed certificate for the loopback address, and its key, both PEM."""
    certificate, key = folder / f"{name}.pem", folder / f"{name}.key"
    subject = ["-subj", f"/CN={name}", "-addext", f"subjectAltName=IP:{LOOPBACK}", "-days", "2"]
    kind = ["-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    files = ["-keyout", str(key), "-out", str(certificate)]
    subprocess.run(["openssl", "req", *kind, *subject, *files], check=True, capture_output=True)
    return certificate, key
