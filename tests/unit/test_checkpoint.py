"""A reactor that was told to wait does nothing until it is let go, however slow its thread is."""

import threading
import time

from dicom_node.deliver.checkpoint import Checkpoint


def test_a_reactor_that_is_slow_to_go_on_is_still_held_at_once() -> None:
    checkpoint, ended, rounds = Checkpoint(), threading.Event(), []

    def reactor() -> None:
        while not ended.is_set():
            checkpoint.wait()
            time.sleep(0.02)  # the thread has no turn
            rounds.append(time.monotonic())

    thread = threading.Thread(target=reactor)
    thread.start()
    for _ in range(5):
        checkpoint.clear()
        held = len(rounds)
        time.sleep(0.05)
        assert len(rounds) == held
        checkpoint.set()
    ended.set()
    thread.join()
    assert rounds


def test_an_event_without_a_reactor_does_not_wait_for_ever() -> None:
    checkpoint = Checkpoint()
    began = time.monotonic()
    checkpoint.clear()
    assert time.monotonic() - began < 2
