"""The table by which a destination's answers are judged."""

import pytest

from dicom_node.deliver import outcomes
from dicom_node.deliver.outcomes import STATUS_RULES, combine, judge_rejection, judge_status
from dicom_node.jobs.contract import DeliveryOutcome, Verdict

DELIVERED, RETRY, PARKED = Verdict.DELIVERED, Verdict.RETRY, Verdict.PARKED


@pytest.mark.parametrize(
    ("status", "verdict", "code"),
    [
        (0x0000, DELIVERED, "delivered"),
        (0xB000, DELIVERED, "b000"),
        (0xB006, DELIVERED, "b006"),
        (0xB007, DELIVERED, "b007"),
        (0xBFFF, DELIVERED, "bfff"),
        (0x0001, DELIVERED, "0001"),
        (0x0107, DELIVERED, "0107"),
        (0x0116, DELIVERED, "0116"),
        (0x0111, DELIVERED, "0111"),
        (0x0110, RETRY, "0110"),
        (0x0213, RETRY, "0213"),
        (0xA700, RETRY, "a700"),
        (0xA7FF, RETRY, "a7ff"),
        (0x0117, PARKED, "0117"),
        (0x0122, PARKED, "0122"),
        (0x0124, PARKED, "0124"),
        (0xA900, PARKED, "a900"),
        (0xA9FF, PARKED, "a9ff"),
        (0xC000, PARKED, "c000"),
        (0xCFFF, PARKED, "cfff"),
    ],
)
def test_each_c_store_status_has_its_verdict(status: int, verdict: Verdict, code: str) -> None:
    assert judge_status(status) == DeliveryOutcome(verdict, code)


@pytest.mark.parametrize("status", [0x0112, 0xA800, 0xD000, 0xFE00, 0xFFFF])
def test_a_status_the_standard_does_not_name_is_tried_again_and_never_taken_for_success(status: int) -> None:
    assert judge_status(status).verdict is RETRY


def test_the_rules_are_sorted_and_do_not_overlap() -> None:
    edges = [edge for rule in STATUS_RULES for edge in (rule.first, rule.last)]
    assert edges == sorted(edges)
    assert len({rule.first for rule in STATUS_RULES}) == len(STATUS_RULES)


def test_every_rule_cites_the_standard() -> None:
    assert all(rule.source.startswith(("PS3.4 ", "PS3.7 ")) for rule in STATUS_RULES)


@pytest.mark.parametrize(
    ("source", "diagnostic", "code"),
    [
        (1, 1, "association-rejected"),
        (1, 3, "association-rejected-calling-ae-title"),
        (1, 7, "association-rejected-called-ae-title"),
        (3, 1, "association-rejected-congestion"),
        (3, 2, "association-rejected-local-limit"),
        (9, 9, "association-rejected"),
    ],
)
def test_a_rejected_association_keeps_all_waiting_and_says_why(source: int, diagnostic: int, code: str) -> None:
    assert judge_rejection(source, diagnostic) == DeliveryOutcome(Verdict.HELD, code, answered=False)


def test_what_may_still_arrive_decides_over_what_is_refused_and_that_over_what_is_delivered() -> None:
    busy, refused = judge_status(0xA700), judge_status(0xA900)
    assert combine([outcomes.DELIVERED, outcomes.DELIVERED]) == outcomes.DELIVERED
    assert combine([outcomes.DELIVERED, refused]) == refused
    assert combine([refused, busy, outcomes.DELIVERED]) == busy
    assert combine([busy, outcomes.CONNECTION_FAILED]) == busy


def test_a_warning_next_to_a_success_stays_delivered() -> None:
    assert combine([outcomes.DELIVERED, judge_status(0xB000)]).verdict is DELIVERED
