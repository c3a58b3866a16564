"""The storage SCU: one association takes the results of one image version to one destination (PS3.4 Annex B).

Order: check the files against their hashes, associate with the contexts they need, send each answer in the
first SOP class that the destination takes, release. The data sets go out as they lie in the files; only where
a destination takes nothing but Implicit VR Little Endian are they transcoded.
"""

import hashlib
from collections.abc import Sequence
from pathlib import Path
from time import monotonic

import structlog
from pydicom import Dataset, dcmread
from pydicom.errors import InvalidDicomError
from pydicom.filereader import read_file_meta_info
from pydicom.uid import UID
from pynetdicom import _config
from pynetdicom.association import Association

from dicom_node.deliver import outcomes
from dicom_node.deliver.association import associate
from dicom_node.deliver.plan import Answer, agreed_syntax, answers, contexts, objects_for
from dicom_node.jobs.contract import DeliveryOutcome
from dicom_node.report.text import settle_texts, terms_of
from dicom_node.settings import Peer, Settings
from dicom_node.spool.results import StoredObject, StoredResults

# Given a path, send_c_store then sends the file's bytes; otherwise it decodes and encodes the data set anew.
_config.STORE_SEND_CHUNKED_DATASET = True

SOP_CLASS_NOT_SUPPORTED = "0122"
Syntaxes = dict[Path, UID]
"""The transfer syntax of each file."""

log = structlog.get_logger(__name__)


def deliver(results: StoredResults, peer: Peer, settings: Settings) -> DeliveryOutcome:
    """Send the answers that `peer` gets in one association; sending again does no harm."""
    objects = objects_for(peer, results.objects)
    if not objects:
        return outcomes.DELIVERED
    try:
        syntaxes = {stored.path: _verified_syntax(stored) for stored in objects}
    except (OSError, InvalidDicomError, AttributeError, ValueError):
        return outcomes.OBJECT_CHANGED
    wanted = contexts([(stored.sop_class_uid, syntaxes[stored.path]) for stored in objects])
    assoc = associate(peer, settings, wanted)
    if isinstance(assoc, DeliveryOutcome):
        return assoc
    try:
        return _send_answers(assoc, answers(objects), syntaxes)
    finally:
        assoc.release()


def _verified_syntax(stored: StoredObject) -> UID:
    """The file's transfer syntax, after its bytes were found to be those that were built."""
    with stored.path.open("rb") as file:
        if hashlib.file_digest(file, "sha256").hexdigest() != stored.sha256:
            raise ValueError("the file is not the one that was built")
    return UID(read_file_meta_info(stored.path).TransferSyntaxUID)


def _send_answers(assoc: Association, all_answers: Sequence[Answer], syntaxes: Syntaxes) -> DeliveryOutcome:
    """Send one after the other, until all are sent or the association is gone."""
    sent: list[DeliveryOutcome] = []
    for answer in all_answers:
        sent.append(_send_answer(assoc, answer, syntaxes))
        if sent[-1] in outcomes.ASSOCIATION_GONE:  # pynetdicom may still call it established, and would wait
            break
    return outcomes.combine(sent)


def _send_answer(assoc: Association, answer: Answer, syntaxes: Syntaxes) -> DeliveryOutcome:
    """Send the first object of the answer whose SOP class the destination takes."""
    accepted = {(str(cx.abstract_syntax), str(cx.transfer_syntax[0])) for cx in assoc.accepted_contexts}
    outcome = outcomes.NO_CONTEXT
    for stored in answer:
        own = syntaxes[stored.path]
        agreed = agreed_syntax(stored.sop_class_uid, own, accepted)
        if agreed is None:
            continue
        started = monotonic()
        outcome = _send(assoc, stored, transcode=agreed != own)
        log.info("object_sent", kind=stored.kind, code=outcome.code, seconds=round(monotonic() - started, 3))
        if outcome.code != SOP_CLASS_NOT_SUPPORTED:
            break
    return outcome


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
