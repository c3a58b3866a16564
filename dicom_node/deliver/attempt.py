"""One attempt at one delivery: what the destination lacks is sent, and where it is to commit to it, it is asked to.

Order: note the answers that came since; send what is missing, each file checked against its hash, in one association;
write down what is stored; ask for commitment; wait a moment for the answer. What was stored or committed once is not
sent again, unless the destination says that it has not kept it.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from time import time

from pydicom.errors import InvalidDicomError
from pydicom.filereader import read_file_meta_info
from pydicom.uid import UID
from pynetdicom.association import Association

from dicom_node.audit.message import Outcome
from dicom_node.audit.trail import Trail
from dicom_node.deliver import commitment, duplicates, outcomes
from dicom_node.deliver.association import associate
from dicom_node.deliver.ledger import Ledger
from dicom_node.deliver.plan import Answer, answers, contexts, objects_for
from dicom_node.deliver.scu import Syntaxes, send_answers
from dicom_node.jobs.contract import DeliveryOutcome, Verdict
from dicom_node.settings import Settings
from dicom_node.settings_network import Peer
from dicom_node.spool.results import StoredObject, StoredResults


def deliver(results: StoredResults, peer: Peer, settings: Settings, ledger: Ledger) -> DeliveryOutcome:
    """Send the answers that `peer` gets and has not yet; sending again does no harm.

    Where the peer is to commit to them, DELIVERED means that it has (PS3.4 Annex J).
    Raises SpoolUnwritable, StorageFull.
    """
    objects = objects_for(peer, results.objects)
    return _Attempt(peer, settings, ledger, objects).run() if objects else outcomes.DELIVERED


TOLD = {
    Verdict.RETRY: Outcome.MINOR_FAILURE,
    Verdict.HELD: Outcome.MINOR_FAILURE,
    Verdict.PARKED: Outcome.SERIOUS_FAILURE,
}
"""What the audit trail says of a verdict; of all others that it succeeded."""


@dataclass(frozen=True)
class _Attempt:
    peer: Peer
    settings: Settings
    ledger: Ledger
    objects: tuple[StoredObject, ...]

    def run(self) -> DeliveryOutcome:
        known = self._known()
        if known is not None:
            return replace(known, answered=None)
        missing = [answer for answer in answers(self.objects) if not self._is_stored(answer)]
        try:
            syntaxes = {stored.path: _verified_syntax(stored) for answer in missing for stored in answer}
        except (OSError, InvalidDicomError, AttributeError, ValueError):
            return outcomes.OBJECT_CHANGED
        assoc = self._associate(missing, syntaxes)
        if isinstance(assoc, DeliveryOutcome):
            return assoc
        try:
            outcome, stored = self._deliver(assoc, missing, syntaxes)
        finally:
            assoc.release()
        doubles = [each for each in self.objects if stored.get(each.sop_instance_uid) == outcomes.DUPLICATE.code]
        if doubles and outcome.verdict is Verdict.DELIVERED and not self.peer.storage_commitment:
            return duplicates.verify(doubles, self.peer, self.settings)
        return outcome

    def _known(self) -> DeliveryOutcome | None:
        """The outcome where the destination need not be called; None where it is."""
        if failed := self.ledger.take_answers():
            return outcomes.judge_failures(failed.values())
        if not all(self._is_stored(answer) for answer in answers(self.objects)):
            return None
        if not self.peer.storage_commitment:
            return outcomes.DELIVERED
        if not self._uncommitted():
            return outcomes.COMMITTED
        return commitment.pending(self.ledger.sent, self.settings.delivery, time())

    def _associate(self, missing: Sequence[Answer], syntaxes: Syntaxes) -> Association | DeliveryOutcome:
        proposed = contexts([(stored.sop_class_uid, syntaxes[stored.path]) for answer in missing for stored in answer])
        if not self.peer.storage_commitment:
            return associate(self.peer, self.settings, proposed)
        heard = commitment.hears(self.ledger.commitments)
        return associate(self.peer, self.settings, [*proposed, commitment.context()], [heard])

    def _deliver(
        self, assoc: Association, missing: Sequence[Answer], syntaxes: Syntaxes
    ) -> tuple[DeliveryOutcome, dict[str, str]]:
        """How it ended, and what the destination took now, with the codes of its answers."""
        outcome, stored = self._send(assoc, missing, syntaxes)
        sent = replace(self.ledger.sent, stored={**self.ledger.sent.stored, **stored})
        if outcome.verdict is not Verdict.DELIVERED:
            self.ledger.keep(sent)
        elif self.peer.storage_commitment:
            self.ledger.keep(sent)
            outcome = self._commit(assoc)
        return outcome, stored

    def _send(
        self, assoc: Association, missing: Sequence[Answer], syntaxes: Syntaxes
    ) -> tuple[DeliveryOutcome, dict[str, str]]:
        """As `send_answers`, with a line of the audit trail before and after."""
        trail, to = Trail(self.settings, "deliver"), (self.peer.ae_title, self.peer.host)
        trail.sending(*to, [answer[0] for answer in missing])
        outcome, stored = send_answers(assoc, missing, syntaxes)
        arrived = [each for answer in missing for each in answer if each.sop_instance_uid in stored]
        told = arrived or [answer[0] for answer in missing]
        trail.sent(*to, told, TOLD.get(outcome.verdict, Outcome.SUCCESS), outcome.code)
        return outcome, stored

    def _commit(self, assoc: Association) -> DeliveryOutcome:
        """Ask for commitment, and wait a moment for the answer."""
        if not commitment.is_offered(assoc):
            return outcomes.COMMITMENT_NOT_OFFERED
        uid = self.ledger.open_transaction()
        policy = self.settings.delivery
        asked = commitment.ask(assoc, uid, self._uncommitted(), dimse_timeout_s=policy.dimse_timeout_s)
        if asked.verdict is not Verdict.PENDING:
            if asked not in outcomes.ASSOCIATION_GONE:  # it may have been heard, and be answered yet
                self.ledger.drop_transaction(uid)
            return asked
        if commitment.await_answer(self.ledger.commitments, uid, policy.commitment_wait_s):
            failed = self.ledger.take_answers()
            return outcomes.judge_failures(failed.values()) if failed else outcomes.COMMITTED
        return replace(commitment.PENDING, after_s=policy.commitment_timeout_s)

    def _is_stored(self, answer: Answer) -> bool:
        return any(stored.sop_instance_uid in self.ledger.sent.stored for stored in answer)

    def _uncommitted(self) -> list[StoredObject]:
        return [stored for stored in self.objects if stored.sop_instance_uid in self.ledger.sent.uncommitted]


def _verified_syntax(stored: StoredObject) -> UID:
    """The file's transfer syntax, after its bytes were found to be those that were built."""
    with stored.path.open("rb") as file:
        if hashlib.file_digest(file, "sha256").hexdigest() != stored.sha256:
            raise ValueError("the file is not the one that was built")
    return UID(read_file_meta_info(stored.path).TransferSyntaxUID)
