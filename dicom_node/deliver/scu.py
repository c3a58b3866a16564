"""The storage SCU (PS3.4 Annex B): each answer goes out in the first SOP class that the destination takes.

The data sets go out as they lie in the files; only where a destination takes nothing but Implicit VR Little Endian are
they transcoded.
"""

from collections.abc import Sequence
from pathlib import Path
from time import monotonic

import structlog
from pydicom import Dataset, dcmread
from pydicom.uid import UID
from pynetdicom import _config
from pynetdicom.association import Association

from dicom_node.deliver import outcomes
from dicom_node.deliver.plan import Answer, agreed_syntax
from dicom_node.jobs.contract import DeliveryOutcome, Verdict
from dicom_node.report.text import settle_texts, terms_of
from dicom_node.spool.results import StoredObject

# Given a path, send_c_store then sends the file's bytes; otherwise it decodes and encodes the data set anew.
_config.STORE_SEND_CHUNKED_DATASET = True

SOP_CLASS_NOT_SUPPORTED = "0122"
Syntaxes = dict[Path, UID]
"""The transfer syntax of each file."""

log = structlog.get_logger(__name__)


def send_answers(
    assoc: Association, all_answers: Sequence[Answer], syntaxes: Syntaxes
) -> tuple[DeliveryOutcome, dict[str, str]]:
    """Send one after the other, until all are sent or the association is gone.

    How they ended together, and the SOP Instance UIDs of those that are stored, each with the code of its answer.
    """
    ended: list[DeliveryOutcome] = []
    stored: dict[str, str] = {}
    for answer in all_answers:
        tried, outcome = _send_answer(assoc, answer, syntaxes)
        ended.append(outcome)
        if tried is not None and outcome.verdict is Verdict.DELIVERED:
            stored[tried.sop_instance_uid] = outcome.code
        if outcome in outcomes.ASSOCIATION_GONE:  # pynetdicom may still call it established, and would wait
            break
    return outcomes.combine(ended), stored


def _send_answer(assoc: Association, answer: Answer, syntaxes: Syntaxes) -> tuple[StoredObject | None, DeliveryOutcome]:
    """Send the first object of the answer whose SOP class the destination takes; which, and how it ended."""
    accepted = {(str(cx.abstract_syntax), str(cx.transfer_syntax[0])) for cx in assoc.accepted_contexts}
    tried, outcome = None, outcomes.NO_CONTEXT
    for stored in answer:
        own = syntaxes[stored.path]
        agreed = agreed_syntax(stored.sop_class_uid, own, accepted)
        if agreed is None:
            continue
        started = monotonic()
        tried, outcome = stored, _send(assoc, stored, transcode=agreed != own)
        log.info("object_sent", kind=stored.kind, code=outcome.code, seconds=round(monotonic() - started, 3))
        if outcome.code != SOP_CLASS_NOT_SUPPORTED:
            break
    return tried, outcome


def _send(assoc: Association, stored: StoredObject, *, transcode: bool) -> DeliveryOutcome:
    started = monotonic()
    try:
        response = assoc.send_c_store(_transcodable(stored.path) if transcode else stored.path)
    except RuntimeError:  # the association ended after the last object
        return outcomes.ASSOCIATION_ABORTED
    if "Status" in response:
        return outcomes.judge_status(response.Status)
    timed_out = monotonic() - started >= (assoc.dimse_timeout or 0)
    return outcomes.DIMSE_TIMEOUT if timed_out else outcomes.ASSOCIATION_ABORTED


def _transcodable(path: Path) -> Dataset:
    """The data set, whose texts go out with their bytes whatever its character set makes of them."""
    ds = dcmread(path)
    settle_texts([ds], terms_of(ds))
    return ds
