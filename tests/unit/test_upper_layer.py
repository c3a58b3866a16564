"""Events that the state table has no row for end an association, and never its thread."""

from types import SimpleNamespace
from typing import Any

import pytest
from pynetdicom.fsm import StateMachine

from dicom_node.receive.upper_layer import GuardedMachine


def machine(state: str) -> tuple[GuardedMachine, Any]:
    """A machine in that state, and the provider that it is for."""
    closed: list[bool] = []
    assoc = SimpleNamespace(is_aborted=False, is_established=True, _kill=False)
    socket = SimpleNamespace(close=lambda: closed.append(True))
    dul = SimpleNamespace(socket=socket, assoc=assoc, _kill_thread=False, closed=closed)
    guarded = GuardedMachine(dul)  # type: ignore[arg-type]
    guarded.current_state = state
    return guarded, dul


def test_an_answer_of_ours_after_the_abort_closes_the_connection() -> None:
    guarded, dul = machine("Sta13")
    guarded.do_action("Evt7")
    assert dul.closed == [True]
    assert (dul.assoc.is_aborted, dul.assoc.is_established) == (True, False)
    assert dul.assoc._kill
    assert dul._kill_thread


def test_whatever_a_parser_raises_ends_this_association(monkeypatch: pytest.MonkeyPatch) -> None:
    def raises(self: StateMachine, event: str) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(StateMachine, "do_action", raises)
    guarded, dul = machine("Sta6")
    guarded.do_action("Evt10")
    assert dul.closed == [True]
    assert dul._kill_thread


def test_what_comes_after_the_connection_was_closed_is_nothing() -> None:
    guarded, dul = machine("Sta1")
    guarded.do_action("Evt17")
    assert dul.closed == []
    assert not dul._kill_thread
