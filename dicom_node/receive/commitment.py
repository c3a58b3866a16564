"""Answers to our requests for storage commitment, on associations that the destination opens (PS3.4 J.3.3)."""

from typing import cast

import structlog
from pynetdicom import evt
from pynetdicom.dimse_primitives import N_EVENT_REPORT

from dicom_node.border import Unexpected, at_border
from dicom_node.errors import NodeError
from dicom_node.settings import Settings
from dicom_node.spool.commitments import COMPLETE, INCOMPLETE, Commitments, UnknownTransaction, parse_answer
from dicom_node.spool.layout import Layout

SUCCESS = 0x0000
PROCESSING_FAILURE = 0x0110
NO_SUCH_EVENT_TYPE = 0x0113
INVALID_ARGUMENT = 0x0115
STATUSES = {
    SUCCESS: "the answer is durable",
    PROCESSING_FAILURE: "the spool cannot be written; the peer may report again",
    NO_SUCH_EVENT_TYPE: "the event type is not 1 or 2",
    INVALID_ARGUMENT: "no such transaction is open with this peer, or the data set cannot be read",
}
"""What N-EVENT-REPORT is answered with (PS3.7 Annex C)."""

log = structlog.get_logger(__name__)


class CommitmentHandler:
    """Writes what a destination answers into the spool."""

    def __init__(self, settings: Settings, layout: Layout) -> None:
        self._settings, self._commitments = settings, Commitments(layout)

    def on_n_event_report(self, event: evt.Event) -> tuple[int, None]:
        """Tell success only after the answer is durable."""
        calling = (event.assoc.requestor.ae_title or "").strip()
        try:
            status = at_border(lambda: self._take(event, calling), "commitment_answer_refused", calling=calling)
        except Unexpected:
            status = INVALID_ARGUMENT
        except NodeError as error:
            log.warning("commitment_answer_refused", calling=calling, code=error.code)
            status = PROCESSING_FAILURE if error.retry else INVALID_ARGUMENT
        return status, None

    def _take(self, event: evt.Event, calling: str) -> int:
        request = cast(N_EVENT_REPORT, event.request)
        if request.EventTypeID not in (COMPLETE, INCOMPLETE):
            return NO_SUCH_EVENT_TYPE
        information = event.event_information
        uid = str(information.TransactionUID)
        asked = self._commitments.asked(uid)
        peer = self._settings.peers.get(asked.destination)
        if peer is None or peer.ae_title != calling:
            raise UnknownTransaction("another peer was asked")
        answer = parse_answer(request.EventTypeID, information)
        self._commitments.answer(uid, answer)
        log.info("commitment_answered", key=asked.key, destination=asked.destination, count=len(answer.committed))
        return SUCCESS
