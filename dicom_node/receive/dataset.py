"""The data set of one C-STORE request: it goes to a file as it comes, and never lies in memory.

pynetdicom's own chunked receive writes to the process's temporary directory, without a limit, and a full disk ends
its thread. Here the file lies in the spool's incoming/, limits act while the object arrives, and a fault becomes the
status of the response.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from queue import Empty
from tempfile import NamedTemporaryFile
from time import monotonic
from typing import Any

from pydicom.filebase import DicomIO
from pydicom.filewriter import write_file_meta_info
from pynetdicom.association import Association
from pynetdicom.dimse import DIMSEServiceProvider
from pynetdicom.dimse_messages import C_STORE_RQ, N_EVENT_REPORT_RQ, DIMSEMessage
from pynetdicom.dsutils import create_file_meta
from pynetdicom.pdu_primitives import P_DATA

from dicom_node.errors import NodeError, ObjectTooLarge, ObjectUnreadable, PeerTooFast
from dicom_node.receive.pace import Pace
from dicom_node.receive.rate import Rate
from dicom_node.spool.holding import hold
from dicom_node.spool.identity import PARSE_ERRORS
from dicom_node.spool.store import MIB, Inbox, spool_faults

ROOM_CHECKED_EVERY_BYTES = 8 * MIB
LONGEST_EVENT_BYTES = 1 * MIB
"""Event Information of an N-EVENT-REPORT; each object that it refers to takes some 200 bytes."""


@dataclass(frozen=True)
class ObjectLimits:
    """What objects of one association may be: each of largest_bytes, and so many a minute as rate lets through."""

    largest_bytes: int
    rate: Rate | None = None


class IncomingDataSet(BytesIO):
    """Stands where pynetdicom keeps a data set, and writes it to a DICOM file; that of an event stays in memory.

    After a fault it swallows what still comes: the peer hears the reason in the response (PS3.4 B.2.3).
    """

    def __init__(self, inbox: Inbox, limits: ObjectLimits, header: Callable[[], bytes | None]) -> None:
        """header: what begins the file, None where there is to be none; asked at the first write."""
        super().__init__()
        self.fault: NodeError | None = None
        self.size_bytes = 0
        self._inbox, self._limits, self._header = inbox, limits, header
        self._file: Any = None
        self._room_checked_at = 0
        self._lock = threading.Lock()
        self._gone = False

    def write(self, data: Any) -> int:
        """Append a fragment of the data set."""
        with self._lock:
            if self.fault is None and not self._gone:
                try:
                    self._append(data)
                except NodeError as error:
                    self.fault = error
                    self._remove()
        return len(data)

    def take(self) -> Path:
        """The whole object as a file, which is the caller's from now on. Raises the fault, if there was one."""
        with self._lock:
            if self.fault is not None:
                raise self.fault
            if self._gone or self._file is None:
                raise ObjectUnreadable("the request came without a data set, or its association has ended")
            self._gone = True
            with spool_faults():
                self._file.close()
            return Path(self._file.name)

    def discard(self) -> None:
        """Remove the file, unless it was taken."""
        with self._lock:
            self._remove()

    def _append(self, data: bytes) -> None:
        if self._file is None and self._header() is None:
            self._keep_in_memory(data)
            return
        if not self.size_bytes and self._limits.rate and not self._limits.rate.take(monotonic()):
            raise PeerTooFast("more images a minute than the peer's images_per_minute")
        self.size_bytes += len(data)
        if self.size_bytes > self._limits.largest_bytes:
            raise ObjectTooLarge(f"larger than {self._limits.largest_bytes // MIB} MiB")
        if self._file is None or self.size_bytes - self._room_checked_at > ROOM_CHECKED_EVERY_BYTES:
            self._inbox.require_room()
            self._room_checked_at = self.size_bytes
        with spool_faults():
            if self._file is None:
                self._file = self._create()
            write_all(self._file, data)

    def _keep_in_memory(self, data: bytes) -> None:
        self.size_bytes += len(data)
        if self.size_bytes > LONGEST_EVENT_BYTES:
            raise ObjectTooLarge(f"an event of more than {LONGEST_EVENT_BYTES // MIB} MiB")
        super().write(data)

    def _create(self) -> Any:
        header = self._header() or b""
        folder = self._inbox.layout.incoming
        file = NamedTemporaryFile(dir=folder, suffix=".part", buffering=0, delete=False)  # noqa: SIM115
        try:
            hold(file)
            write_all(file, header)
        except OSError:
            file.close()
            Path(file.name).unlink(missing_ok=True)
            raise
        return file

    def _remove(self) -> None:
        if self._file is not None and not self._gone:
            self._file.close()
            Path(self._file.name).unlink(missing_ok=True)
        self._gone = True


class StoringProvider(DIMSEServiceProvider):
    """The DIMSE provider of one association, with data sets on the disk."""

    def __init__(self, assoc: Association, inbox: Inbox, limits: ObjectLimits, pace: Pace) -> None:
        super().__init__(assoc)
        self.limits = limits
        """Of the node; those of the peer, once it is known who calls."""
        self._inbox, self._pace = inbox, pace
        self._arriving: IncomingDataSet | None = None
        self._unanswered: set[IncomingDataSet] = set()

    def get_msg(self, block: bool = False) -> Any:
        """As the base class; in silence the association's thread rests here, until a message comes."""
        if block or not self._pace.is_idle:
            return super().get_msg(block)
        try:
            return self.msg_queue.get(timeout=self._pace.wait_s)
        except Empty:
            return None, None

    def receive_primitive(self, primitive: P_DATA) -> None:
        """Take what one P-DATA brings; an object beyond the limit ends the association."""
        if self.message is None:
            self.message, self._arriving = self._new_message()
        dataset = self._arriving
        super().receive_primitive(primitive)
        if dataset is not None and dataset.size_bytes:
            self._unanswered.add(dataset)
            if isinstance(dataset.fault, ObjectTooLarge):
                self.assoc.abort(block=False)

    def forget(self, dataset: IncomingDataSet) -> None:
        """The request of this data set was answered."""
        dataset.discard()
        self._unanswered.discard(dataset)

    def discard_all(self) -> None:
        """The association has ended: remove what nobody took."""
        for dataset in tuple(self._unanswered):
            self.forget(dataset)

    def _new_message(self) -> tuple[DIMSEMessage, IncomingDataSet]:
        message = DIMSEMessage()
        dataset = IncomingDataSet(self._inbox, self.limits, lambda: _header(message, self.assoc))
        message.data_set = dataset
        return message, dataset


def write_all(file: Any, data: bytes) -> None:
    """Write it whole: where there is room for a part of it, an unbuffered file takes that and raises only then."""
    with memoryview(data) as left:
        written = 0
        while written < len(left):
            written += file.write(left[written:])


def _header(message: DIMSEMessage, assoc: Association) -> bytes | None:
    """Preamble and file meta information as PS3.10 7.1 wants them, None for an event. Raises ObjectUnreadable."""
    if isinstance(message, N_EVENT_REPORT_RQ):
        return None
    syntaxes = {cx.context_id: cx.transfer_syntax[0] for cx in assoc.accepted_contexts}
    command = message.command_set
    if not isinstance(message, C_STORE_RQ) or message.context_id not in syntaxes:
        raise ObjectUnreadable("no C-STORE request in an accepted presentation context")
    if "AffectedSOPClassUID" not in command or "AffectedSOPInstanceUID" not in command:
        raise ObjectUnreadable("the C-STORE request names no SOP class and instance")
    buffer = BytesIO()
    try:
        meta = create_file_meta(
            sop_class_uid=command.AffectedSOPClassUID,
            sop_instance_uid=command.AffectedSOPInstanceUID,
            transfer_syntax=syntaxes[message.context_id],
        )
        write_file_meta_info(DicomIO(buffer), meta)
    except PARSE_ERRORS as error:
        raise ObjectUnreadable(f"the request's SOP class or instance is none ({type(error).__name__})") from None
    return b"\x00" * 128 + b"DICM" + buffer.getvalue()
