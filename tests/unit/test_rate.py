"""How many images a peer may send a minute."""

from dicom_node.receive.rate import Rate


def test_the_images_of_any_minute_are_counted() -> None:
    rate = Rate(2)
    assert [rate.take(now) for now in (0, 59, 59.9, 60, 61, 118, 119, 121)] == [
        True, True, False, True, False, False, True, True,
    ]  # fmt: skip


def test_what_is_refused_does_not_count() -> None:
    rate = Rate(1)
    assert rate.take(0)
    assert not any(rate.take(now) for now in range(1, 60))
    assert rate.take(60)
