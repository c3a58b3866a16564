"""When a job is tried again, and when it is given up."""

import pytest

from dicom_node.jobs.attempts import BLAMED, HOUR_S, Patience, next_delay_s
from dicom_node.jobs.workflows import delivery_patience
from dicom_node.settings import Delivery

FIRST_AT = 1_000_000.0


@pytest.mark.parametrize(("attempt", "delay_s"), [(0, 5), (1, 30), (5, 3600), (6, 3600), (60, 3600)])
def test_waits_grow_and_the_last_one_repeats(attempt: int, delay_s: float) -> None:
    patience = delivery_patience(Delivery())
    assert next_delay_s(patience, attempt=attempt, first_at=FIRST_AT, now=FIRST_AT) == delay_s


def test_a_delivery_is_given_up_after_the_time_in_the_settings() -> None:
    patience = delivery_patience(Delivery(delays_s=(600,), give_up_after_h=1))
    assert next_delay_s(patience, attempt=4, first_at=FIRST_AT, now=FIRST_AT + 3000) == 600
    assert next_delay_s(patience, attempt=5, first_at=FIRST_AT, now=FIRST_AT + 3001) is None


def test_an_image_that_may_be_the_cause_itself_is_tried_four_times() -> None:
    delays_s = [next_delay_s(BLAMED, attempt=attempt, first_at=FIRST_AT, now=FIRST_AT) for attempt in range(4)]
    assert delays_s == [0, 10, 60, None]


def test_no_wait_is_not_the_same_as_no_further_attempt() -> None:
    assert next_delay_s(Patience((0,), HOUR_S), attempt=0, first_at=FIRST_AT, now=FIRST_AT) == 0
