"""Storage commitment as a user (PS3.4 Annex J, push model): asking for it, hearing the answer, judging it.

The destination answers on the same association, or later on one that it opens to the receiver; either way the answer
lies in the spool before it hears success, and the delivery finds it there.
"""

from collections.abc import Sequence
from dataclasses import replace
from time import monotonic, sleep, time
from typing import cast

import structlog
from pydicom import Dataset
from pydicom.uid import UID, generate_uid
from pynetdicom import evt
from pynetdicom.association import Association
from pynetdicom.dimse_primitives import N_EVENT_REPORT
from pynetdicom.presentation import PresentationContext, build_context
from pynetdicom.sop_class import (  # type: ignore[attr-defined]
    StorageCommitmentPushModel,
    StorageCommitmentPushModelInstance,
)

from dicom_node.deliver import outcomes
from dicom_node.errors import NodeError
from dicom_node.jobs.contract import DeliveryOutcome, Verdict
from dicom_node.settings_delivery import Delivery
from dicom_node.spool.commitments import Commitments, parse_answer
from dicom_node.spool.results import StoredObject
from dicom_node.spool.sent import Sent

ASK = 1
"""Action Type ID, Request Storage Commitment (PS3.4 Table J.3-1)."""
POLL_S = 0.05
LONGEST_STRETCH = 32
PENDING = DeliveryOutcome(Verdict.PENDING, "commitment-pending")

log = structlog.get_logger(__name__)


def context() -> PresentationContext:
    """What is proposed to a destination that is asked for commitment."""
    return build_context(StorageCommitmentPushModel)


def is_offered(assoc: Association) -> bool:
    """Whether the destination accepted it."""
    return any(cx.abstract_syntax == StorageCommitmentPushModel for cx in assoc.accepted_contexts)


def ask(
    assoc: Association, transaction_uid: str, objects: Sequence[StoredObject], *, dimse_timeout_s: float
) -> DeliveryOutcome:
    """Ask for commitment to the objects (N-ACTION); PENDING where the request was taken."""
    information = Dataset()
    information.TransactionUID = transaction_uid
    information.ReferencedSOPSequence = [_reference(each) for each in objects]
    began = monotonic()
    try:
        response, _reply = assoc.send_n_action(
            information, ASK, StorageCommitmentPushModel, StorageCommitmentPushModelInstance
        )
    except (RuntimeError, ValueError):  # the association ended after the last object
        return outcomes.ASSOCIATION_ABORTED
    if "Status" in response:
        return outcomes.judge_action(response.Status)
    return outcomes.DIMSE_TIMEOUT if monotonic() - began >= dimse_timeout_s else outcomes.ASSOCIATION_ABORTED


def hears(commitments: Commitments) -> evt.EventHandlerType:
    """The handler of an answer on the association of the request."""
    return evt.EVT_N_EVENT_REPORT, lambda event: _heard(event, commitments)


def await_answer(commitments: Commitments, transaction_uid: str, timeout_s: float) -> bool:
    """Whether the answer came within the time, on whichever association."""
    deadline = monotonic() + timeout_s
    while commitments.answered(transaction_uid) is None:
        if monotonic() >= deadline:
            return False
        sleep(POLL_S)
    return True


def take_answers(sent: Sent, commitments: Commitments) -> tuple[Sent, dict[str, str]]:
    """What is known with the answers that came, and the failed objects with their reasons; those are sent again."""
    failed: dict[str, str] = {}
    committed = set(sent.committed)
    open_transactions = []
    for uid in sent.transactions:
        answer = commitments.answered(uid)
        if answer is None:
            open_transactions.append(uid)
            continue
        committed |= set(answer.committed)
        failed |= answer.failed
    failed = {uid: reason for uid, reason in failed.items() if uid not in committed and uid in sent.stored}
    stored = {uid: code for uid, code in sent.stored.items() if uid not in failed}
    known = replace(sent, stored=stored, committed=tuple(sorted(committed)), transactions=tuple(open_transactions))
    return known, failed


def new_transaction(sent: Sent) -> Sent:
    """What is known once another request goes out."""
    return replace(sent, transactions=(*sent.transactions, str(generate_uid(prefix=None))), asked_at=time())


def pending(sent: Sent, policy: Delivery, now: float) -> DeliveryOutcome | None:
    """Wait on where the latest request may still be answered, None where it is time to ask again.

    The time grows with each request that was not answered: twice as long, up to LONGEST_STRETCH times. now: seconds
    since 1970.
    """
    if not sent.transactions:
        return None
    stretch = min(2 ** (len(sent.transactions) - 1), LONGEST_STRETCH)
    left_s = sent.asked_at + stretch * policy.commitment_timeout_s - now
    return replace(PENDING, after_s=left_s) if left_s > 0 else None


def _reference(stored: StoredObject) -> Dataset:
    item = Dataset()
    item.ReferencedSOPClassUID, item.ReferencedSOPInstanceUID = UID(stored.sop_class_uid), UID(stored.sop_instance_uid)
    return item


def _heard(event: evt.Event, commitments: Commitments) -> tuple[int, None]:
    request = cast(N_EVENT_REPORT, event.request)
    try:
        ds = event.event_information
        commitments.answer(str(ds.TransactionUID), parse_answer(request.EventTypeID or 0, ds))
    except NodeError as error:
        log.warning("commitment_answer_refused", code=error.code)
        return (0x0110 if error.retry else 0x0115), None
    except (AttributeError, ValueError, TypeError):
        log.warning("commitment_answer_refused", code="malformed")
        return 0x0115, None
    return 0x0000, None
