"""A small storage SCP for the demo and the benchmark: it keeps what it is sent. Not for hospital use.

It answers any calling AE title, keeps its list in memory only, and promises nothing about power cuts.
"""

import hashlib
import shutil
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Self, cast

from pydicom import dcmread
from pydicom.uid import (
    UID,
    AllTransferSyntaxes,
    Comprehensive3DSRStorage,
    ComputedRadiographyImageStorage,
    DigitalXRayImageStorageForPresentation,
    EnhancedSRStorage,
    GrayscaleSoftcopyPresentationStateStorage,
    SecondaryCaptureImageStorage,
)
from pynetdicom import AE, evt
from pynetdicom.dimse_primitives import C_STORE
from pynetdicom.transport import ThreadedAssociationServer

SOP_CLASSES = (
    ComputedRadiographyImageStorage,
    DigitalXRayImageStorageForPresentation,
    SecondaryCaptureImageStorage,
    Comprehensive3DSRStorage,
    EnhancedSRStorage,
    GrayscaleSoftcopyPresentationStateStorage,
)
VERIFICATION = UID("1.2.840.10008.1.1")
_HEADER = ("SOPClassUID", "SOPInstanceUID", "StudyInstanceUID")


@dataclass(frozen=True)
class ArchivedObject:
    """One stored object. arrived_s: time.monotonic() when it was complete."""

    sop_class_uid: str
    sop_instance_uid: str
    study_instance_uid: str
    path: Path
    arrived_s: float


class Archive:
    """Objects below a directory, `KK/HASH-NNNNNN.dcm`: the SOP Instance UID's hash and the order of arrival."""

    def __init__(self, directory: Path, *, ae_title: str = "ARCHIVE", host: str = "127.0.0.1") -> None:
        self.ae_title = ae_title
        self.host = host
        self.port = 0
        self._directory = directory
        self._objects: list[ArchivedObject] = []
        self._changed = threading.Condition()
        self._server: ThreadedAssociationServer | None = None

    def __enter__(self) -> Self:
        """Listen on a free port."""
        ae = AE(ae_title=self.ae_title)
        ae.maximum_associations = 64
        ae.add_supported_context(VERIFICATION)
        for sop_class in SOP_CLASSES:
            ae.add_supported_context(sop_class, AllTransferSyntaxes)
        handlers: list[evt.EventHandlerType] = [(evt.EVT_C_STORE, self._on_c_store)]
        self._server = ae.start_server((self.host, 0), block=False, evt_handlers=handlers)
        assert self._server is not None
        assert self._server.socket is not None
        self.port = self._server.socket.getsockname()[1]
        return self

    def __exit__(self, *_: object) -> None:
        if self._server is not None:
            self._server.shutdown()

    def objects(self) -> tuple[ArchivedObject, ...]:
        """All objects, in the order of their arrival."""
        with self._changed:
            return tuple(self._objects)

    def wait_for(self, enough: Callable[[tuple[ArchivedObject, ...]], bool], timeout_s: float) -> bool:
        """Wait until `enough` says so of the objects; False if it has not within timeout_s seconds."""
        with self._changed:
            return self._changed.wait_for(lambda: enough(tuple(self._objects)), timeout_s)

    def _on_c_store(self, event: evt.Event) -> int:
        """0000, or A700 where the object cannot be written (PS3.4 Table B.2-1)."""
        try:
            path = self._write(event)
        except OSError:
            return 0xA700
        header = dcmread(path, specific_tags=list(_HEADER), stop_before_pixels=True)
        sop_class, instance, study = (str(header.get(keyword, "")) for keyword in _HEADER)
        with self._changed:
            self._objects.append(ArchivedObject(sop_class, instance, study, path, time.monotonic()))
            self._changed.notify_all()
        return 0x0000

    def _write(self, event: evt.Event) -> Path:
        request = cast(C_STORE, event.request)
        digest = hashlib.sha256(str(request.AffectedSOPInstanceUID).encode()).hexdigest()
        folder = self._directory / digest[:2]
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{digest[:16]}-{time.monotonic_ns():020d}.dcm"
        if event.dataset_path is None:
            path.write_bytes(event.encoded_dataset())
        else:  # chunked receive is switched on in this process: the object is in a file already
            shutil.copyfile(event.dataset_path, path)
        return path
