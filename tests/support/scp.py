"""A storage SCP that writes down what it is sent, byte for byte, and answers as it is told."""

import ssl
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from pydicom import Dataset
from pydicom.uid import UID, ExplicitVRLittleEndian, ImplicitVRLittleEndian
from pynetdicom import AE, evt
from pynetdicom.sop_class import (
    Comprehensive3DSRStorage,
    EnhancedSRStorage,
    SecondaryCaptureImageStorage,
    StudyRootQueryRetrieveInformationModelFind,
    Verification,
)

RESULT_CLASSES = (Comprehensive3DSRStorage, EnhancedSRStorage, SecondaryCaptureImageStorage)
PLAIN_SYNTAXES = (ExplicitVRLittleEndian, ImplicitVRLittleEndian)


@dataclass(frozen=True)
class Received:
    """One C-STORE request: data_set is what went over the wire, without file meta."""

    calling_ae_title: str
    sop_class_uid: str
    sop_instance_uid: str
    transfer_syntax_uid: str
    data_set: bytes


@dataclass
class RecordingScp:
    """statuses: SOP class -> status to answer (0 otherwise); abort_on: SOP classes whose request is aborted;
    silent_on: SOP classes whose request is answered only when `release_silence` is set; delay_s: before each answer."""

    ae_title: str = "PACS"
    statuses: dict[str, int] = field(default_factory=dict)
    abort_on: tuple[str, ...] = ()
    silent_on: tuple[str, ...] = ()
    release_silence: threading.Event = field(default_factory=threading.Event)
    received: list[Received] = field(default_factory=list)
    proposed: list[list[tuple[str, tuple[str, ...]]]] = field(default_factory=list)
    port: int = 0
    delay_s: float = 0.0
    lists: tuple[str, ...] = ()
    """SOP Instance UIDs that it names in answer to queries."""
    most_at_once: int = 0
    _in_hand: int = 0

    def on_store(self, event: evt.Event) -> int:
        self._in_hand += 1
        self.most_at_once = max(self.most_at_once, self._in_hand)
        try:
            time.sleep(self.delay_s)
            return self._store(event)
        finally:
            self._in_hand -= 1

    def _store(self, event: evt.Event) -> int:
        request = event.request
        sop_class = str(request.AffectedSOPClassUID)
        if sop_class in self.abort_on:
            event.assoc.abort()
            return 0x0000
        if sop_class in self.silent_on:
            self.release_silence.wait(20)
        self.received.append(
            Received(
                calling_ae_title=event.assoc.requestor.ae_title,
                sop_class_uid=sop_class,
                sop_instance_uid=str(request.AffectedSOPInstanceUID),
                transfer_syntax_uid=str(event.context.transfer_syntax),
                data_set=_bytes_of(event),
            )
        )
        return self.statuses.get(sop_class, 0x0000)

    def on_find(self, event: evt.Event) -> Iterator[tuple[int, Dataset | None]]:
        if event.identifier.SOPInstanceUID in self.lists:
            yield 0xFF00, event.identifier
        yield 0x0000, None

    def on_requested(self, event: evt.Event) -> None:
        contexts = event.assoc.requestor.requested_contexts
        self.proposed.append([(str(cx.abstract_syntax), tuple(map(str, cx.transfer_syntax))) for cx in contexts])


def _bytes_of(event: evt.Event) -> bytes:
    """The data set, whether pynetdicom keeps it in memory or (chunked receive) in a file."""
    if event.dataset_path is None:
        return bytes(event.encoded_dataset(include_meta=False))
    return data_set_bytes(event.dataset_path.read_bytes())


def data_set_bytes(file: bytes) -> bytes:
    """What follows the file meta information, which begins with its own length (PS3.10 7.1)."""
    assert file[128:132] == b"DICM"
    return file[144 + int.from_bytes(file[140:144], "little") :]


@contextmanager
def recording_scp(
    scp: RecordingScp | None = None,
    *,
    sop_classes: Sequence[str] = RESULT_CLASSES,
    syntaxes: Sequence[UID] = PLAIN_SYNTAXES,
    require_calling: Sequence[str] = (),
    require_called: bool = False,
    maximum_associations: int = 10,
    tls: ssl.SSLContext | None = None,
    port: int = 0,
    queries: bool = False,
) -> Iterator[RecordingScp]:
    """Run it on the port (0: a free one) of the loopback interface until the block ends."""
    scp = scp or RecordingScp()
    ae = AE(ae_title=scp.ae_title)
    ae.require_calling_aet = list(require_calling)
    ae.require_called_aet = require_called
    ae.maximum_associations = maximum_associations
    ae.add_supported_context(Verification)
    for sop_class in sop_classes:
        ae.add_supported_context(sop_class, list(syntaxes))
    if queries:
        ae.add_supported_context(StudyRootQueryRetrieveInformationModelFind)
    handlers = [
        (evt.EVT_C_STORE, scp.on_store),
        (evt.EVT_C_FIND, scp.on_find),
        (evt.EVT_REQUESTED, scp.on_requested),
    ]
    server = ae.start_server(("127.0.0.1", port), block=False, evt_handlers=handlers, ssl_context=tls)
    scp.port = server.socket.getsockname()[1]
    try:
        yield scp
    finally:
        scp.release_silence.set()
        server.shutdown()
