"""Requests for storage commitment and what is known of them, in files."""

import time
from pathlib import Path

import pytest
from pydicom import Dataset

from dicom_node.deliver.commitment import LONGEST_STRETCH, pending, take_answers
from dicom_node.deliver.outcomes import judge_action, judge_failures
from dicom_node.jobs.contract import Verdict
from dicom_node.settings_delivery import Delivery
from dicom_node.spool.commitments import Answer, Asked, Commitments, UnknownTransaction, parse_answer
from dicom_node.spool.layout import Layout
from dicom_node.spool.sent import Sent, read_sent, write_sent

KEY = "ab" * 32
POLICY = Delivery(commitment_timeout_s=100)


@pytest.fixture
def commitments(tmp_path: Path) -> Commitments:
    made = Commitments(Layout(tmp_path))
    made.ask(Asked("1.2.3", KEY, "pacs", ("1.1", "1.2", "1.3")))
    return made


def reference(uid: str, reason: int | None = None) -> Dataset:
    item = Dataset()
    item.ReferencedSOPClassUID, item.ReferencedSOPInstanceUID = "1.2.840.10008.5.1.4.1.1.7", uid
    if reason is not None:
        item.FailureReason = reason
    return item


def test_an_event_is_parsed_into_what_is_committed_and_what_failed() -> None:
    ds = Dataset()
    ds.ReferencedSOPSequence, ds.FailedSOPSequence = [reference("1.1")], [reference("1.2", 0x0112)]
    assert parse_answer(2, ds) == Answer(("1.1",), {"1.2": "0112"})
    with pytest.raises(ValueError, match="no event"):
        parse_answer(3, ds)
    ds.FailedSOPSequence = [reference("1.2")]
    with pytest.raises(AttributeError):
        parse_answer(2, ds)


def test_of_an_answer_only_what_was_asked_for_is_kept_and_what_it_does_not_name_failed(
    commitments: Commitments,
) -> None:
    commitments.answer("1.2.3", Answer(("1.1", "9.9"), {"1.2": "0112", "9.8": "0110"}))
    assert commitments.answered("1.2.3") == Answer(("1.1",), {"1.2": "0112", "1.3": "0000"})
    assert [asked.transaction_uid for asked in commitments.all_answered()] == ["1.2.3"]


def test_a_transaction_that_is_settled_or_was_never_made_takes_no_answer(commitments: Commitments) -> None:
    commitments.settle("1.2.3")
    for uid in ("1.2.3", "../../escape"):
        assert commitments.answered(uid) is None
        with pytest.raises(UnknownTransaction):
            commitments.answer(uid, Answer(("1.1",), {}))


def test_a_request_that_was_never_settled_is_forgotten_some_day(commitments: Commitments) -> None:
    commitments.answer("1.2.3", Answer(("1.1",), {}))
    commitments.forget_old(time.time() - 60)
    assert commitments.answered("1.2.3") is not None
    commitments.forget_old(time.time() + 60)
    assert commitments.answered("1.2.3") is None
    with pytest.raises(UnknownTransaction):
        commitments.asked("1.2.3")


def test_what_a_destination_has_is_read_as_it_was_written(tmp_path: Path) -> None:
    layout = Layout(tmp_path)
    assert read_sent(layout, KEY, "pacs") == Sent()
    sent = Sent({"1.1": "delivered", "1.2": "b000"}, ("1.1",), ("1.2.3",), 12.5)
    write_sent(layout, KEY, "pacs", sent)
    assert read_sent(layout, KEY, "pacs") == sent
    assert read_sent(layout, KEY, "archive") == Sent()
    assert sent.uncommitted == ("1.2",)


def test_a_later_commitment_goes_before_an_earlier_failure(commitments: Commitments) -> None:
    commitments.ask(Asked("1.2.4", KEY, "pacs", ("1.1", "1.2", "1.3")))
    sent = Sent(dict.fromkeys(("1.1", "1.2", "1.3"), "delivered"), (), ("1.2.3", "1.2.4", "1.2.5"), 0)
    commitments.answer("1.2.3", Answer(("1.1",), {"1.2": "0112"}))
    commitments.answer("1.2.4", Answer(("1.2",), {"1.3": "0110"}))
    known, failed = take_answers(sent, commitments)
    assert failed == {"1.3": "0110"}
    assert (set(known.stored), known.committed, known.transactions) == ({"1.1", "1.2"}, ("1.1", "1.2"), ("1.2.5",))


def test_each_request_without_an_answer_is_given_twice_the_time() -> None:
    for asked, longest_s in ((1, 100), (2, 200), (3, 400), (40, 100 * LONGEST_STRETCH)):
        sent = Sent({"1.1": "delivered"}, (), tuple(map(str, range(asked))), asked_at=1000)
        waiting = pending(sent, POLICY, 1000)
        assert waiting is not None
        assert waiting.after_s == longest_s
        assert pending(sent, POLICY, 1000 + longest_s) is None
    assert pending(Sent(), POLICY, 0) is None


@pytest.mark.parametrize(
    ("reasons", "verdict", "code"),
    [
        (["0112"], Verdict.RETRY, "commitment-failed-0112"),
        (["0122"], Verdict.PARKED, "commitment-failed-0122"),
        (["0122", "0213"], Verdict.RETRY, "commitment-failed-0213"),
        (["0000"], Verdict.RETRY, "commitment-failed-0000"),
    ],
)
def test_each_failure_reason_has_its_verdict(reasons: list[str], verdict: Verdict, code: str) -> None:
    outcome = judge_failures(reasons)
    assert (outcome.verdict, outcome.code) == (verdict, code)


def test_a_request_is_taken_refused_or_asked_again() -> None:
    verdicts = [judge_action(status).verdict for status in (0x0000, 0x0124, 0x0110, 0x9999)]
    assert verdicts == [Verdict.PENDING, Verdict.PARKED, Verdict.RETRY, Verdict.RETRY]
