"""What happens at each event of an association. A handler decides, writes and queues; it never decodes pixels.

C-STORE answers with these statuses (PS3.4 Table B.2-1, PS3.7 Annex C):

    0000  stored, durable; also for an object that was here before
    A700  out of resources: the disk has less room than is kept in reserve, the spool cannot be written, or the peer
          sends more images a minute than its settings allow
    A900  the data set's SOP class or instance is not the one that the request names
    C000  the data set cannot be read as far as its SOP class and instance, or is too complex before them
    C211  anything unforeseen

An object beyond maximum_object_mib, of the peer or of the node, gets an A-ABORT as soon as it is known to be too large.
"""

import socket
import threading
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic
from typing import cast
from weakref import WeakKeyDictionary

import structlog
from pydicom import Dataset
from pynetdicom import evt
from pynetdicom.association import Association
from pynetdicom.dimse_primitives import C_STORE
from pynetdicom.pdu_primitives import A_P_ABORT

from dicom_node.audit.trail import Trail
from dicom_node.border import Unexpected, at_border
from dicom_node.errors import (
    IdentityMismatch,
    JobsUnavailable,
    NodeError,
    ObjectTooLarge,
    ObjectUnreadable,
    PeerTooFast,
    SpoolUnwritable,
    StorageFull,
)
from dicom_node.jobs.contract import JobQueue, Priority, Triage
from dicom_node.receive.admission import (
    REJECTION,
    Admitted,
    Call,
    Reason,
    Rejected,
    admit,
    normalised,
    printable,
)
from dicom_node.receive.commitment import CommitmentHandler
from dicom_node.receive.contexts import usable_contexts
from dicom_node.receive.dataset import IncomingDataSet, ObjectLimits, StoringProvider
from dicom_node.receive.rate import Rate
from dicom_node.settings import Settings
from dicom_node.settings_network import Node, Peer
from dicom_node.spool.identity import identify
from dicom_node.spool.origin import Origin
from dicom_node.spool.refusals import Refusal, RefusalLog
from dicom_node.spool.store import MIB, Inbox
from dicom_node.structure import ObjectTooComplex

log = structlog.get_logger(__name__)

SUCCESS = 0x0000
UNFORESEEN = 0xC211
STATUS: dict[type[NodeError], int] = {
    StorageFull: 0xA700,
    SpoolUnwritable: 0xA700,
    ObjectTooLarge: 0xA700,
    PeerTooFast: 0xA700,
    IdentityMismatch: 0xA900,
    ObjectUnreadable: 0xC000,
    ObjectTooComplex: 0xC000,
}
HIGH = 0x0001
"""The request's Priority (PS3.7 9.1.1.1)."""


class Handlers:
    """The handlers of one receiver; pynetdicom calls them from the associations' threads."""

    def __init__(self, settings: Settings, inbox: Inbox, queue: JobQueue, triage: Triage) -> None:
        self._settings, self._inbox, self._queue, self._triage = settings, inbox, queue, triage
        self._refusals = RefusalLog(inbox.layout.refused)
        self._trail = Trail(settings, "receive")
        self._admitted: WeakKeyDictionary[Association, str] = WeakKeyDictionary()
        self._admission = threading.Lock()
        self._commitment = CommitmentHandler(settings, inbox.layout)
        self._limits = {name: _limits(settings.node, peer) for name, peer in settings.peers.items()}

    def bound(self) -> list[evt.EventHandlerType]:
        """Events and their handlers, as pynetdicom takes them."""
        return [
            (evt.EVT_REQUESTED, self.on_requested),
            (evt.EVT_C_STORE, self.on_c_store),
            (evt.EVT_C_ECHO, self.on_c_echo),
            (evt.EVT_N_EVENT_REPORT, self._commitment.on_n_event_report),
            (evt.EVT_ABORTED, self.on_aborted),
            (evt.EVT_CONN_CLOSE, self.on_closed),
        ]

    def on_requested(self, event: evt.Event) -> None:
        """Admit or reject the association. pynetdicom goes on after an exception, so nothing may escape here."""
        assoc = event.assoc
        call = _call(assoc)
        try:
            answer = self._admit(assoc, call)
        except Exception as error:
            log.error("admission_failed", error=type(error).__name__)
            answer = Rejected(Reason.INTERNAL, "")
        if isinstance(answer, Rejected):
            self._reject(assoc, call, answer)
            return
        self._trail.association_opened(call.calling_ae_title, call.host)
        cast(StoringProvider, assoc.dimse).limits = self._limits[answer.peer]
        assoc.acceptor.supported_contexts = usable_contexts(
            assoc.acceptor.supported_contexts, may_send=answer.may_send, may_commit=answer.may_commit
        )

    def on_c_store(self, event: evt.Event) -> Dataset:
        """Store the object and tell success only after it is durable (PS3.4 B.2.3)."""
        request, provider = cast(C_STORE, event.request), cast(StoringProvider, event.assoc.dimse)
        dataset = cast(IncomingDataSet, request.DataSet)
        try:
            return _status(at_border(lambda: self._store(_call(event.assoc), request, dataset), "store_failed"))
        except Unexpected:
            return _status(UNFORESEEN)
        except NodeError as error:
            return self._refuse_object(error, STATUS.get(type(error), UNFORESEEN))
        finally:
            provider.forget(dataset)

    def on_c_echo(self, event: evt.Event) -> int:
        """Verification (PS3.4 Annex A)."""
        log.info("echo_answered", calling=_call(event.assoc).calling_ae_title)
        return SUCCESS

    def on_aborted(self, event: evt.Event) -> None:
        """The peer, the network or this node aborted the association."""
        arriving = getattr(event.assoc.dimse.message, "data_set", None)
        fault = arriving.fault if isinstance(arriving, IncomingDataSet) else None
        code = fault.code if fault else "aborted"
        log.warning("association_aborted", calling=_call(event.assoc).calling_ae_title, code=code)

    def on_closed(self, event: evt.Event) -> None:
        """Nothing of a cut association stays on the disk."""
        if isinstance(event.assoc.dimse, StoringProvider):
            event.assoc.dimse.discard_all()
        if event.assoc.requestor.primitive is None:
            # A health check, or a port scan. Without this its thread waits for an association until the timeout.
            event.assoc.dul.to_user_queue.put(cast(A_P_ABORT, None))

    def _admit(self, assoc: Association, call: Call) -> Admitted | Rejected:
        with self._admission:
            answer = admit(
                call,
                self._settings.node,
                self._settings.peers,
                open_associations=[peer for each, peer in self._admitted.items() if each.is_alive()],
                addresses_of=_addresses_of,
            )
            if isinstance(answer, Admitted):
                self._admitted[assoc] = answer.peer
        return answer

    def _reject(self, assoc: Association, call: Call, rejected: Rejected) -> None:
        assoc.acse.send_reject(*REJECTION[rejected.reason])
        log.warning(
            "association_rejected",
            calling=call.calling_ae_title,
            called=call.called_ae_title,
            host=call.host,
            reason=rejected.reason,
            configured=rejected.configured,
        )
        self._trail.caller_refused(printable(call.calling_ae_title), call.host, rejected.reason)
        now = datetime.now(UTC).isoformat(timespec="seconds")
        try:
            self._refusals.add(
                Refusal(
                    printable(call.calling_ae_title),
                    printable(call.called_ae_title),
                    call.host,
                    rejected.reason,
                    rejected.configured,
                    last_at=now,
                )
            )
        except NodeError as error:
            log.warning("refusal_not_kept", code=error.code)
        assoc.kill()  # returns once the rejection is sent and the connection closed

    def _store(self, call: Call, request: C_STORE, dataset: IncomingDataSet) -> int:
        started = monotonic()
        path = dataset.take()
        try:
            _confirm(path, request)
            urgent = request.Priority == HIGH
            priority = Priority.STAT if urgent else self._triage(path, call.calling_ae_title)
            origin = Origin(call.calling_ae_title, call.called_ae_title, call.host, datetime.now(UTC), priority.value)
            arrival = self._inbox.accept(path, origin)
        finally:
            path.unlink(missing_ok=True)
        if arrival.is_stored:
            self._enqueue(arrival.key, priority)
            named = (str(request.AffectedSOPClassUID), str(request.AffectedSOPInstanceUID))
            self._trail.received(call.calling_ae_title, call.host, self._inbox.layout.image(arrival.key), *named)
        log.info(
            "image_stored",
            key=arrival.key,
            is_new=arrival.is_new,
            calling=call.calling_ae_title,
            size_bytes=dataset.size_bytes,
            seconds=round(monotonic() - started, 3),
        )
        return SUCCESS

    def _enqueue(self, key: str, priority: Priority) -> None:
        """The job follows; while the database is away, the image is marked for the receiver's sweep."""
        try:
            self._queue.enqueue_image(key, priority=priority)
        except JobsUnavailable as error:
            self._inbox.defer(key)
            log.warning("job_deferred", key=key, code=error.code)

    def _refuse_object(self, error: NodeError, status: int) -> Dataset:
        log.warning("store_refused", code=error.code, status=f"{status:04X}")
        return _status(status, comment=error.code)


def _limits(node: Node, peer: Peer) -> ObjectLimits:
    largest_mib = peer.maximum_object_mib or node.maximum_object_mib
    return ObjectLimits(largest_mib * MIB, Rate(peer.images_per_minute) if peer.images_per_minute else None)


def _confirm(path: Path, request: C_STORE) -> None:
    """The data set is what the request names. Raises IdentityMismatch, ObjectUnreadable."""
    found = identify(path)
    named = (str(request.AffectedSOPClassUID), str(request.AffectedSOPInstanceUID))
    if (found.sop_class_uid, found.sop_instance_uid) != named:
        raise IdentityMismatch("the data set is another object than the request names")


def _status(status: int, *, comment: str = "") -> Dataset:
    """The response's Status, with an Error Comment (LO, 64 characters) where it failed."""
    ds = Dataset()
    ds.Status = status
    if comment:
        ds.ErrorComment = comment[:64]
    return ds


def _call(assoc: Association) -> Call:
    request = assoc.requestor.primitive
    host = normalised(str(assoc.requestor.address))
    if request is None:
        return Call("", "", host)
    return Call((request.calling_ae_title or "").strip(), (request.called_ae_title or "").strip(), host)


def _addresses_of(host: str) -> frozenset[str]:
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except OSError:
        return frozenset()
    return frozenset(normalised(str(address[0])) for *_, address in found)
