"""A PACS for faults: a storage SCP that keeps what it was sent as hashes, and fails as it is told to.

It runs in the process of the test, so that it outlives whatever is killed.
"""

import hashlib
import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from enum import Enum, auto
from io import BytesIO

from pydicom import dcmread
from pydicom.uid import ExplicitVRLittleEndian, ImplicitVRLittleEndian
from pynetdicom import AE, evt
from pynetdicom.sop_class import (
    Comprehensive3DSRStorage,
    EnhancedSRStorage,
    SecondaryCaptureImageStorage,
    Verification,
)
from pynetdicom.transport import ThreadedAssociationServer

from tests.support.scp import data_set_bytes

REPORTS = (Comprehensive3DSRStorage, EnhancedSRStorage)
CAPTURES = (SecondaryCaptureImageStorage,)
SYNTAXES = [ExplicitVRLittleEndian, ImplicitVRLittleEndian]
CALLING_NOT_RECOGNISED = (0x01, 0x01, 0x03)
"""Result, source and reason of a rejection (PS3.8 Table 9-21)."""
P_DATA = 0x04
A_ABORT = bytes.fromhex("07000000000400000000")
"""PS3.8 9.3.5 and 9.3.8."""
CUT_AFTER_BYTES = 1024
SLOW_S = 2.0


class Mode(Enum):
    """How it behaves."""

    WELL = auto()
    DOWN = auto()
    """Nobody listens on its port."""
    SILENT = auto()
    """Connections are accepted, and nothing is ever said."""
    REFUSING = auto()
    """Every association is rejected."""
    HANGING = auto()
    """Associations are accepted, requests never answered."""
    ABORTING = auto()
    """The association is aborted while an object arrives."""
    FULL = auto()
    """Out of resources, A700."""
    WARNING = auto()
    """Stored with coercion, B000."""
    DUPLICATE = auto()
    """Duplicate SOP instance, 0111, for an object that it has; stored otherwise."""
    WITHOUT_SR = auto()
    """No presentation context for reports."""
    SLOW = auto()
    """Every answer takes two seconds."""


STATUS = {Mode.FULL: 0xA700, Mode.WARNING: 0xB000}


@dataclass(frozen=True)
class Arrival:
    """One C-STORE request; sha256 of its data set. at: time.monotonic() of its end. status: what was answered."""

    sop_class_uid: str
    sop_instance_uid: str
    study_uid: str
    sha256: str
    at: float
    status: int

    @property
    def stored(self) -> bool:
        """Whether the sender may take it for stored (PS3.4 Table B.2-1)."""
        return self.status == 0x0000 or self.status >> 12 == 0xB


@dataclass
class RecordingPacs:
    """Runs between `start` and `stop`; its port stays its own while it is down.

    after_store: called once, when the next object is stored and not yet answered. duplicates: answers of 0111.
    """

    ae_title: str = "PACS"
    arrivals: list[Arrival] = field(default_factory=list)
    port: int = 0
    mode: Mode = Mode.WELL
    after_store: Callable[[], object] | None = None
    duplicates: int = 0
    _server: ThreadedAssociationServer | None = None
    _silence: socket.socket | None = None
    _changed: threading.Event = field(default_factory=threading.Event)
    _arrived: threading.Condition = field(default_factory=threading.Condition)

    def turn(self, mode: Mode) -> None:
        """Behave like that from now on; whatever hangs is let go."""
        self.mode = mode
        self._changed.set()
        self._changed = threading.Event()
        if self._silence is not None:
            self._silence.close()
            self._silence = None
        if mode in (Mode.DOWN, Mode.SILENT):
            self.stop()
        elif self._server is None:
            self.start()
        if mode is Mode.SILENT:
            self._silence = socket.create_server(("127.0.0.1", self.port), backlog=1024)

    def start(self) -> None:
        """Listen; the first time on a free port."""
        ae = AE(ae_title=self.ae_title)
        ae.maximum_associations = 1000
        ae.add_supported_context(Verification)
        for sop_class in (*REPORTS, *CAPTURES):
            ae.add_supported_context(sop_class, SYNTAXES)
        handlers: list[evt.EventHandlerType] = [
            (evt.EVT_REQUESTED, self._on_requested),
            (evt.EVT_DATA_RECV, self._on_data),
            (evt.EVT_C_STORE, self._on_store),
        ]
        self._server = ae.start_server(("127.0.0.1", self.port), block=False, evt_handlers=handlers)
        assert self._server is not None
        self.port = self._server.socket.getsockname()[1]

    def stop(self) -> None:
        """Nobody listens any more, and open associations end."""
        self._changed.set()
        if self._silence is not None:
            self._silence.close()
        if self._server is not None:
            self._server.shutdown()
            self._server = None

    def stored(self) -> list[Arrival]:
        """What its senders may take for stored, in the order it came."""
        return [each for each in list(self.arrivals) if each.stored]

    def of_study(self, study_uid: str) -> list[Arrival]:
        """The stored objects of one study."""
        return [each for each in self.stored() if each.study_uid == study_uid]

    def await_answer(self, study_uid: str, timeout_s: float, sop_classes: Sequence[str] = ()) -> float | None:
        """time.monotonic() when report and capture of the study were stored, or None after the timeout.

        sop_classes: other classes than a report's and a capture's, an object of each.
        """
        deadline = time.monotonic() + timeout_s
        with self._arrived:
            while True:
                whole = _complete(self.of_study(study_uid), sop_classes)
                if whole is not None:
                    return whole
                if not self._arrived.wait(max(0.0, deadline - time.monotonic())):
                    return None

    def _on_requested(self, event: evt.Event) -> None:
        assoc = event.assoc
        if self.mode is Mode.REFUSING:
            assoc.acse.send_reject(*CALLING_NOT_RECOGNISED)
            assoc.kill()
        elif self.mode is Mode.WITHOUT_SR:
            assoc.acceptor.supported_contexts = [
                cx for cx in assoc.acceptor.supported_contexts if cx.abstract_syntax not in REPORTS
            ]

    def _on_data(self, event: evt.Event) -> None:
        """A PDU arrived: abort while more of the object is on its way; pynetdicom's own abort comes after it."""
        if self.mode is Mode.ABORTING and event.data[0] == P_DATA and len(event.data) > CUT_AFTER_BYTES:
            connection = event.assoc.dul.socket.socket
            with suppress(OSError):
                connection.sendall(A_ABORT)
                connection.shutdown(socket.SHUT_RDWR)

    def _on_store(self, event: evt.Event) -> int:
        mode, changed = self.mode, self._changed
        if mode is Mode.ABORTING:
            return STATUS[Mode.FULL]
        if mode is Mode.HANGING:
            changed.wait()
        if mode is Mode.SLOW:
            time.sleep(SLOW_S)
        arrival = _arrival(event, STATUS.get(mode, 0x0000))
        if mode is Mode.DUPLICATE and any(each.sop_instance_uid == arrival.sop_instance_uid for each in self.stored()):
            self.duplicates += 1
            return 0x0111
        with self._arrived:
            self.arrivals.append(arrival)
            self._arrived.notify_all()
        act, self.after_store = self.after_store, None
        if act is not None:
            act()
        return arrival.status


def _arrival(event: evt.Event, status: int) -> Arrival:
    request = event.request
    data = _data_set(event)
    header = dcmread(BytesIO(event.encoded_dataset()), stop_before_pixels=True, specific_tags=["StudyInstanceUID"])
    return Arrival(
        sop_class_uid=str(request.AffectedSOPClassUID),
        sop_instance_uid=str(request.AffectedSOPInstanceUID),
        study_uid=str(header.StudyInstanceUID),
        sha256=hashlib.sha256(data).hexdigest(),
        at=time.monotonic(),
        status=status,
    )


def _data_set(event: evt.Event) -> bytes:
    if event.dataset_path is not None:
        return data_set_bytes(event.dataset_path.read_bytes())
    return bytes(event.encoded_dataset(include_meta=False))


def _complete(arrivals: Sequence[Arrival], sop_classes: Sequence[str]) -> float | None:
    wanted: list[tuple[str, ...]] = [(sop_class,) for sop_class in sop_classes] or [REPORTS, CAPTURES]
    first = [min((each.at for each in arrivals if each.sop_class_uid in group), default=None) for group in wanted]
    return None if None in first else max(at for at in first if at is not None)


@contextmanager
def recording_pacs(ae_title: str = "PACS") -> Iterator[RecordingPacs]:
    """A PACS on a free port of the loopback interface until the block ends."""
    pacs = RecordingPacs(ae_title)
    pacs.start()
    try:
        yield pacs
    finally:
        pacs.stop()
