"""A PACS that stores, and commits to what it stored when and how it is told (PS3.4 Annex J)."""

import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import cast

from pydicom import Dataset
from pydicom.uid import UID
from pynetdicom import AE, build_role, evt
from pynetdicom.dimse_primitives import C_STORE
from pynetdicom.presentation import build_context
from pynetdicom.sop_class import StorageCommitmentPushModel, StorageCommitmentPushModelInstance

from tests.support.scp import PLAIN_SYNTAXES, RESULT_CLASSES

NO_SUCH_INSTANCE = 0x0112


@dataclass
class CommittingScp:
    """replies: "at once" on the association of the request, or only when `answer` is called.

    action_status: what the request is answered with. loses: SOP classes that it stores and does not keep.
    """

    replies: str = "when told"
    action_status: int = 0x0000
    loses: tuple[str, ...] = ()
    stored: list[tuple[str, str]] = field(default_factory=list)
    requests: list[Dataset] = field(default_factory=list)
    asked: threading.Event = field(default_factory=threading.Event)
    statuses: list[int] = field(default_factory=list)
    port: int = 0

    def on_store(self, event: evt.Event) -> int:
        request = cast(C_STORE, event.request)
        self.stored.append((str(request.AffectedSOPClassUID), str(request.AffectedSOPInstanceUID)))
        return 0x0000

    def on_action(self, event: evt.Event) -> tuple[int, None]:
        self.requests.append(event.action_information)
        if self.replies == "at once" and self.action_status == 0:
            threading.Timer(0.1, self._report, (event.assoc, self.requests[-1])).start()
        self.asked.set()
        return self.action_status, None

    def answer(self, node_port: int, request: Dataset | None = None, *, calling: str = "PACS") -> int:
        """Open an association to the node and report on the request (the latest); the status of the response."""
        ae = AE(ae_title=calling)
        role = build_role(StorageCommitmentPushModel, scp_role=True)
        context = build_context(StorageCommitmentPushModel)
        assoc = ae.associate("127.0.0.1", node_port, [context], ae_title="BONEAGE", ext_neg=[role])
        assert assoc.is_established
        try:
            return self._report(assoc, request or self.requests[-1])
        finally:
            assoc.release()

    def _report(self, assoc: object, request: Dataset) -> int:
        ds, event_type = self._information(request)
        response, _ = assoc.send_n_event_report(  # type: ignore[attr-defined]
            ds, event_type, StorageCommitmentPushModel, StorageCommitmentPushModelInstance
        )
        self.statuses.append(response.get("Status", -1))
        return self.statuses[-1]

    def _information(self, request: Dataset) -> tuple[Dataset, int]:
        references = list(request.ReferencedSOPSequence)
        failed = [each for each in references if each.ReferencedSOPClassUID in self.loses]
        ds = Dataset()
        ds.TransactionUID = request.TransactionUID
        ds.ReferencedSOPSequence = [each for each in references if each not in failed]
        for each in failed:
            each.FailureReason = NO_SUCH_INSTANCE
        if failed:
            ds.FailedSOPSequence = failed
        return ds, 2 if failed else 1


@contextmanager
def committing_scp(
    scp: CommittingScp | None = None, *, sop_classes: Iterable[UID | str] = RESULT_CLASSES, commits: bool = True
) -> Iterator[CommittingScp]:
    """Run it on a free port of the loopback interface until the block ends."""
    scp = scp or CommittingScp()
    ae = AE(ae_title="PACS")
    for sop_class in sop_classes:
        ae.add_supported_context(sop_class, list(PLAIN_SYNTAXES))
    if commits:
        ae.add_supported_context(StorageCommitmentPushModel)
    handlers = [(evt.EVT_C_STORE, scp.on_store), (evt.EVT_N_ACTION, scp.on_action)]
    server = ae.start_server(("127.0.0.1", 0), block=False, evt_handlers=handlers)
    scp.port = server.socket.getsockname()[1]
    try:
        yield scp
    finally:
        server.shutdown()
