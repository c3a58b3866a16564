"""Storage commitment with real associations and real processes: a result is delivered only when it is committed."""

import hashlib
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from copy import deepcopy
from pathlib import Path

import pytest
from pynetdicom.sop_class import Comprehensive3DSRStorage, SecondaryCaptureImageStorage

from dicom_node.deliver.attempt import deliver
from dicom_node.deliver.ledger import Ledger
from dicom_node.jobs.contract import DeliveryOutcome, Verdict
from dicom_node.settings import Settings
from dicom_node.settings_network import Peer
from dicom_node.spool.layout import Layout
from tests.support.committing import CommittingScp, committing_scp
from tests.support.delivering import Delivering, delivering, peer, small_results
from tests.support.receiving import receiving

KEY = hashlib.sha256(b"one").hexdigest()
REPORT, PICTURE = str(Comprehensive3DSRStorage), str(SecondaryCaptureImageStorage)


def _settings(root: Path, port: int, *, node_port: int = 0, **delivery: object) -> Settings:
    return Settings.model_validate(
        {
            "node": {"ae_title": "BONEAGE", "port": node_port},
            "peers": {"pacs": peer(port, storage_commitment=True)},
            "storage": {"directory": root, "minimum_free_mib": 1},
            "delivery": {"connect_timeout_s": 2, "dimse_timeout_s": 5, "commitment_wait_s": 0.3} | delivery,
        }
    )


@contextmanager
def once(
    root: Path, scp: CommittingScp, **delivery: object
) -> Iterator[tuple[Callable[[], DeliveryOutcome], Settings]]:
    """A function that makes one attempt."""
    settings = _settings(root, scp.port, **delivery)
    layout = Layout(root)
    results = small_results(layout, KEY)
    pacs: Peer = settings.peers["pacs"]
    yield lambda: deliver(results, pacs, settings, Ledger(layout, KEY, "pacs")), settings


def classes(scp: CommittingScp) -> list[str]:
    return [sop_class for sop_class, _ in scp.stored]


def test_an_answer_on_the_same_association_makes_the_result_delivered(tmp_path: Path) -> None:
    with committing_scp(CommittingScp(replies="at once")) as scp:
        with once(tmp_path, scp, commitment_wait_s=5) as (attempt, _):
            assert attempt() == DeliveryOutcome(Verdict.DELIVERED, "committed")
        assert scp.statuses == [0x0000]
    (request,) = scp.requests
    asked = [(item.ReferencedSOPClassUID, item.ReferencedSOPInstanceUID) for item in request.ReferencedSOPSequence]
    assert asked == scp.stored
    assert list((tmp_path / "commitments").iterdir()) == []


def test_an_answer_on_a_later_association_is_found_by_the_next_attempt(tmp_path: Path) -> None:
    with committing_scp() as scp, once(tmp_path, scp) as (attempt, settings):
        first = attempt()
        assert (first.verdict, first.code, first.after_s) == (Verdict.PENDING, "commitment-pending", 600.0)
        assert attempt().verdict is Verdict.PENDING
        with receiving(settings) as node:
            assert scp.answer(node.port) == 0x0000
        assert attempt() == DeliveryOutcome(Verdict.DELIVERED, "committed", answered=None)
        assert attempt().verdict is Verdict.DELIVERED
    assert classes(scp) == [REPORT, PICTURE]
    assert len(scp.requests) == 1


def test_what_was_not_kept_is_sent_again_and_nothing_else(tmp_path: Path) -> None:
    with committing_scp(CommittingScp(loses=(PICTURE,))) as scp, once(tmp_path, scp) as (attempt, settings):
        attempt()
        with receiving(settings) as node:
            assert scp.answer(node.port) == 0x0000
            outcome = attempt()
            assert (outcome.verdict, outcome.code) == (Verdict.RETRY, "commitment-failed-0112")
            scp.loses = ()
            assert attempt().verdict is Verdict.PENDING
            assert scp.answer(node.port) == 0x0000
        assert attempt().code == "committed"
    assert classes(scp) == [REPORT, PICTURE, PICTURE]
    assert len({uid for _, uid in scp.stored}) == 2
    assert [len(request.ReferencedSOPSequence) for request in scp.requests] == [2, 1]


def test_no_answer_is_asked_for_again_with_another_transaction_and_either_answer_counts(tmp_path: Path) -> None:
    with committing_scp() as scp, once(tmp_path, scp, commitment_timeout_s=0.5) as (attempt, settings):
        attempt()
        time.sleep(0.6)
        assert attempt().verdict is Verdict.PENDING
        waiting = attempt()
        assert waiting.after_s is not None
        assert waiting.after_s > 0.5  # twice as long as the first time
        assert len({request.TransactionUID for request in scp.requests}) == 2
        with receiving(settings) as node:
            assert scp.answer(node.port, scp.requests[0]) == 0x0000
        assert attempt().code == "committed"
    assert classes(scp) == [REPORT, PICTURE]


@pytest.mark.parametrize(("status", "verdict"), [(0x0110, Verdict.RETRY), (0x0124, Verdict.PARKED)])
def test_a_request_that_is_refused_is_judged(tmp_path: Path, status: int, verdict: Verdict) -> None:
    with committing_scp(CommittingScp(action_status=status)) as scp, once(tmp_path, scp) as (attempt, _):
        assert attempt() == DeliveryOutcome(verdict, f"commitment-{status:04x}")
        scp.action_status = 0x0000
        assert attempt().verdict is Verdict.PENDING
    assert classes(scp) == [REPORT, PICTURE]


def test_a_peer_without_the_service_is_parked_with_the_reason(tmp_path: Path) -> None:
    with committing_scp(commits=False) as scp, once(tmp_path, scp) as (attempt, _):
        assert attempt() == DeliveryOutcome(Verdict.PARKED, "no-commitment-context")
    assert classes(scp) == [REPORT, PICTURE]


def test_an_answer_to_what_was_not_asked_or_from_another_peer_is_refused(tmp_path: Path) -> None:
    with committing_scp() as scp, once(tmp_path, scp) as (attempt, settings):
        attempt()
        other = settings.peers["pacs"].model_copy(update={"ae_title": "OTHER"})
        with receiving(settings.model_copy(update={"peers": {**settings.peers, "other": other}})) as node:
            assert scp.answer(node.port, calling="OTHER") == 0x0115
            made_up = deepcopy(scp.requests[0])
            made_up.TransactionUID = "1.2.3"
            assert scp.answer(node.port, made_up) == 0x0115
        assert attempt().verdict is Verdict.PENDING


def test_a_peer_that_is_not_asked_for_commitment_cannot_report(tmp_path: Path) -> None:
    with committing_scp() as scp, once(tmp_path, scp) as (_, settings):
        plain = settings.peers["pacs"].model_copy(update={"storage_commitment": False})
        with (
            receiving(settings.model_copy(update={"peers": {"pacs": plain}})) as node,
            pytest.raises(AssertionError),
        ):
            scp.answer(node.port)


@contextmanager
def node_with(folder: Path, scp: CommittingScp, **delivery: object) -> Iterator[Delivering]:
    """The delivery process."""
    peers = {"pacs": peer(scp.port, storage_commitment=True)}
    with delivering(folder, peers, commitment_wait_s=0.2, **delivery) as node:
        yield node


def test_a_late_answer_wakes_the_delivery_at_once_also_after_both_processes_were_killed(tmp_path: Path) -> None:
    with committing_scp() as scp, node_with(tmp_path, scp) as node:
        node.start()
        node.enqueue(KEY, "pacs")
        node.until(KEY, "pacs", "pending")
        node.kill()
        settings = _settings(node.layout.root, scp.port)
        with receiving(settings) as receiver:  # a new one, which knows only what lies in the spool
            assert scp.answer(receiver.port) == 0x0000
        node.start()
        node.until(KEY, "pacs", "delivered")  # long before commitment_timeout_s
        assert node.verdicts(KEY, "pacs") == [("pending", "commitment-pending"), ("delivered", "committed")]
    assert classes(scp) == [REPORT, PICTURE]


def test_a_peer_that_never_answers_is_asked_again_and_then_parked(tmp_path: Path) -> None:
    with committing_scp() as scp, node_with(tmp_path, scp, commitment_timeout_s=0.5, give_up_after_h=0.002) as node:
        node.start()
        node.enqueue(KEY, "pacs")
        node.until(KEY, "pacs", "parked")
        assert node.verdicts(KEY, "pacs")[-1] == ("parked", "commitment-pending")
    assert len(scp.requests) >= 2
    assert classes(scp) == [REPORT, PICTURE]
