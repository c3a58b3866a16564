"""Requests for storage commitment and their answers (PS3.4 Annex J): delivery asks, the receiver hears the answer.

Two files a transaction below commitments/, named by the hash of its UID: HASH.asked.json before the request goes out,
and HASH.answer.json once the destination has answered; each durable before the other side is told.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from pydicom import Dataset

from dicom_node.errors import NodeError
from dicom_node.spool.durable import make_directory, write_atomically
from dicom_node.spool.layout import Layout
from dicom_node.spool.store import spool_faults

COMPLETE, INCOMPLETE = 1, 2
"""Event Type IDs: all is committed, or failures exist (PS3.4 Table J.3-2)."""
NO_REASON = "0000"
_ASKED, _ANSWER = ".asked.json", ".answer.json"


class UnknownTransaction(NodeError):
    """An answer to a request for storage commitment that this node did not make, or has settled already."""

    code = "unknown-transaction"


@dataclass(frozen=True)
class Asked:
    """A request: the delivery it belongs to, and SOP Instance UIDs."""

    transaction_uid: str
    key: str
    destination: str
    instances: tuple[str, ...]


@dataclass(frozen=True)
class Answer:
    """committed: SOP Instance UIDs. failed: SOP Instance UID -> Failure Reason (0008,1197) as four hex digits."""

    committed: tuple[str, ...]
    failed: Mapping[str, str]


def parse_answer(event_type: int, ds: Dataset) -> Answer:
    """The Event Information of an N-EVENT-REPORT (PS3.4 Table J.3-2). Raises AttributeError, ValueError, TypeError."""
    if event_type not in (COMPLETE, INCOMPLETE):
        raise ValueError("no event of storage commitment")
    failures = ds.get("FailedSOPSequence") or []
    return Answer(
        committed=tuple(str(item.ReferencedSOPInstanceUID) for item in ds.get("ReferencedSOPSequence") or []),
        failed={str(item.ReferencedSOPInstanceUID): f"{int(item.FailureReason):04x}" for item in failures},
    )


class Commitments:
    """The transactions of one storage directory."""

    def __init__(self, layout: Layout) -> None:
        self._folder = layout.commitments

    def ask(self, asked: Asked) -> None:
        """Make the request durable, before it goes out. Raises SpoolUnwritable, StorageFull."""
        with spool_faults():
            make_directory(self._folder)
            write_atomically(self._path(asked.transaction_uid, _ASKED), json.dumps(asdict(asked)).encode())

    def asked(self, transaction_uid: str) -> Asked:
        """The request of that UID. Raises UnknownTransaction."""
        return _read_asked(self._path(transaction_uid, _ASKED))

    def answer(self, transaction_uid: str, answer: Answer) -> None:
        """Make the destination's answer durable; of what was not asked for nothing is kept.

        What it does not speak of failed for no reason. Raises UnknownTransaction, SpoolUnwritable, StorageFull.
        """
        asked = self.asked(transaction_uid).instances
        committed = [uid for uid in asked if uid in answer.committed and uid not in answer.failed]
        failed = {uid: answer.failed.get(uid, NO_REASON) for uid in asked if uid not in committed}
        told = {"committed": committed, "failed": failed}
        with spool_faults():
            write_atomically(self._path(transaction_uid, _ANSWER), json.dumps(told).encode())

    def answered(self, transaction_uid: str) -> Answer | None:
        """The destination's answer, None while there is none."""
        try:
            told = json.loads(self._path(transaction_uid, _ANSWER).read_bytes())
        except FileNotFoundError:
            return None
        return Answer(tuple(told["committed"]), told["failed"])

    def all_answered(self) -> Iterator[Asked]:
        """Every request that was answered and is not settled."""
        for path in sorted(self._folder.glob(f"*{_ANSWER}")):
            try:
                yield _read_asked(path.with_name(path.name.replace(_ANSWER, _ASKED)))
            except UnknownTransaction:  # settled a moment ago
                continue

    def settle(self, transaction_uid: str) -> None:
        """The delivery is done with the transaction: forget it. Raises SpoolUnwritable."""
        with spool_faults():
            for suffix in (_ASKED, _ANSWER):
                self._path(transaction_uid, suffix).unlink(missing_ok=True)

    def forget_old(self, before: float) -> None:
        """Forget requests that were made before then (seconds since 1970) and never settled. Raises SpoolUnwritable."""
        with spool_faults():
            for path in self._folder.glob(f"*{_ASKED}"):
                with suppress(FileNotFoundError):  # settled a moment ago
                    if path.stat().st_mtime < before:
                        path.with_name(path.name.replace(_ASKED, _ANSWER)).unlink(missing_ok=True)
                        path.unlink()

    def _path(self, transaction_uid: str, suffix: str) -> Path:
        return self._folder / f"{hashlib.sha256(transaction_uid.encode()).hexdigest()}{suffix}"


def _read_asked(path: Path) -> Asked:
    try:
        told = json.loads(path.read_bytes())
    except FileNotFoundError:
        raise UnknownTransaction("no such request was made, or it is settled") from None
    return Asked(told["transaction_uid"], told["key"], told["destination"], tuple(told["instances"]))
