"""Destinations apart from each other: one that is down, silent, refusing or paused holds up no other."""

import hashlib
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from pynetdicom import evt
from pynetdicom.sop_class import Comprehensive3DSRStorage

from dicom_node.spool.destinations import Destinations
from tests.support.delivering import Delivering, delivering, peer
from tests.support.orthanc import free_port
from tests.support.scp import RecordingScp, recording_scp

NORMAL_S = 60.0
"""On a busy machine, and less than the waits that a bad destination costs come to, one after the other."""


def keys(count: int) -> list[str]:
    return [hashlib.sha256(str(number).encode()).hexdigest() for number in range(count)]


@contextmanager
def silent_host() -> Iterator[tuple[int, list[float]]]:
    """A port that takes connections and never says a word; the times at which it was called."""
    listener, called, ended = socket.create_server(("127.0.0.1", 0), backlog=64), [], threading.Event()
    listener.settimeout(0.1)
    open_connections = []

    def accept() -> None:
        while not ended.is_set():
            try:
                open_connections.append(listener.accept()[0])
                called.append(time.monotonic())
            except TimeoutError:
                continue

    thread = threading.Thread(target=accept)
    thread.start()
    yield listener.getsockname()[1], called
    ended.set()
    thread.join()
    for each in (*open_connections, listener):
        each.close()


def all_delivered(node: Delivering, wanted: list[str], destination: str, *, within_s: float) -> None:
    deadline = time.monotonic() + within_s
    for key in wanted:
        node.until(key, destination, "delivered", within_s=max(0.1, deadline - time.monotonic()))


def test_a_dead_destination_with_hundreds_waiting_is_called_seldom_and_holds_up_no_other(tmp_path: Path) -> None:
    everything = keys(300)
    with silent_host() as (dead, called), recording_scp() as scp:
        peers = {"dead": peer(dead), "archive": peer(scp.port)}
        with delivering(tmp_path, peers, delays_s=[1, 5, 300]) as node:
            for key in everything[:-10]:
                node.enqueue(key, "dead")
            node.start()
            for key in everything[-10:]:
                node.enqueue(key, "dead", "archive")
            all_delivered(node, everything[-10:], "archive", within_s=NORMAL_S)
            node.until(everything[-1], "dead", "held")
            assert len(scp.received) == 20
            # Two at once at first, then one after 1 s and one after 5 s more.
            assert len(called) <= 4
            rows = [len(node.attempts(key, "dead")) for key in everything]
            assert max(rows) <= 4
            assert sum(rows) <= 2 * len(everything) + 4


def test_what_waited_for_a_destination_goes_when_it_is_back_the_oldest_first(tmp_path: Path) -> None:
    waiting = keys(12)
    port = free_port()
    with delivering(tmp_path, {"pacs": peer(port)}) as node:
        node.start()
        for key in waiting:
            node.enqueue(key, "pacs")
        node.until(waiting[-1], "pacs", "held")
        node.kill()  # its absence, and who waits for it, outlive the process
        with recording_scp(port=port) as scp:
            node.start()
            all_delivered(node, waiting, "pacs", within_s=NORMAL_S)
            assert len({received.sop_instance_uid for received in scp.received}) == 24
        assert Destinations(node.layout).absence("pacs") is None


class StoresAndFallsSilent(RecordingScp):
    """Stores what it is sent, and answers the second request only when `release_silence` is set."""

    def on_store(self, event: evt.Event) -> int:
        status = super().on_store(event)
        if len(self.received) == 2:
            self.release_silence.wait(30)
        return status


def test_after_a_kill_between_stored_and_known_the_same_bytes_go_again(tmp_path: Path) -> None:
    (key,) = keys(1)
    with (
        recording_scp(StoresAndFallsSilent()) as scp,
        delivering(tmp_path, {"pacs": peer(scp.port)}, dimse_timeout_s=60) as node,
    ):
        node.start()
        node.enqueue(key, "pacs")
        deadline = time.monotonic() + NORMAL_S
        while len(scp.received) < 2:
            assert time.monotonic() < deadline, node.log()
            time.sleep(0.05)
        node.kill()
        scp.release_silence.set()
        node.start()
        node.until(key, "pacs", "delivered")
    assert len(scp.received) == 4
    assert scp.received[:2] == scp.received[2:]


@pytest.mark.parametrize("fault", ["refusing", "silent-in-the-association"])
def test_a_destination_that_refuses_or_falls_silent_holds_up_no_other(tmp_path: Path, fault: str) -> None:
    bad = RecordingScp(silent_on=(Comprehensive3DSRStorage,)) if fault != "refusing" else RecordingScp()
    refused = ["SOMEONE"] if fault == "refusing" else []
    with recording_scp(bad, require_calling=refused) as worse, recording_scp() as scp:
        peers = {"bad": peer(worse.port), "archive": peer(scp.port)}
        with delivering(tmp_path, peers, delays_s=[60], dimse_timeout_s=20) as node:
            node.start()
            for key in keys(10):
                node.enqueue(key, "bad", "archive")
            all_delivered(node, keys(10), "archive", within_s=NORMAL_S)
            destinations, deadline = Destinations(node.layout), time.monotonic() + NORMAL_S
            while (absence := destinations.absence("bad")) is None:  # whichever of the ten was tried first
                assert time.monotonic() < deadline, node.log()
                time.sleep(0.05)
            assert absence.code == ("association-rejected-calling-ae-title" if refused else "dimse-timeout")


def test_a_slow_destination_holds_up_no_other(tmp_path: Path) -> None:
    slow = RecordingScp(delay_s=5.0)
    with recording_scp(slow) as crawling, recording_scp() as scp:
        peers = {"slow": peer(crawling.port), "archive": peer(scp.port)}
        with delivering(tmp_path, peers, dimse_timeout_s=20) as node:
            node.start()
            for key in keys(20):
                node.enqueue(key, "slow", "archive")
            all_delivered(node, keys(20), "archive", within_s=NORMAL_S)
            assert len(slow.received) < 40
            assert Destinations(node.layout).known() == []


def test_a_destination_gets_no_more_associations_than_it_may(tmp_path: Path) -> None:
    slow = RecordingScp(delay_s=0.2)
    with recording_scp(slow) as one, recording_scp() as scp:
        peers = {"one": peer(one.port, delivery={"concurrency": 1}), "archive": peer(scp.port)}
        with delivering(tmp_path, peers, concurrency=4) as node:
            for key in keys(5):
                node.enqueue(key, "one", "archive")
            node.start()
            all_delivered(node, keys(5), "one", within_s=NORMAL_S)
    assert slow.most_at_once == 1


def test_a_paused_destination_gets_nothing_until_it_is_resumed(tmp_path: Path) -> None:
    paused, later = keys(2)
    with recording_scp() as scp, delivering(tmp_path, {"pacs": peer(scp.port)}) as node:
        Destinations(node.layout).pause("pacs")
        node.start()
        node.enqueue(paused, "pacs")
        node.until(paused, "pacs", "held")
        assert node.verdicts(paused, "pacs") == [("held", "paused")]
        assert node.attempts(paused, "pacs")[-1].state == "held"
        assert scp.received == []
        Destinations(node.layout).resume("pacs")
        node.enqueue(later, "pacs")
        all_delivered(node, [paused, later], "pacs", within_s=NORMAL_S)


def test_each_destination_has_its_own_policy(tmp_path: Path) -> None:
    busy = RecordingScp(statuses={Comprehensive3DSRStorage: 0xA700})
    with recording_scp(busy) as scp:
        peers = {"short": peer(scp.port, delivery={"give_up_after_h": 0.0001}), "long": peer(scp.port)}
        with delivering(tmp_path, peers) as node:
            node.start()
            (key,) = keys(1)
            node.enqueue(key, "short", "long")
            node.until(key, "short", "parked")
            node.until(key, "long", "retry")
            assert node.verdicts(key, "short") == [("parked", "a700")]


def test_a_delivery_that_was_held_too_long_is_parked(tmp_path: Path) -> None:
    (key,) = keys(1)
    with delivering(tmp_path, {"pacs": peer(free_port())}, give_up_after_h=0.0005) as node:
        node.start()
        node.enqueue(key, "pacs")
        node.until(key, "pacs", "parked")
    assert node.verdicts(key, "pacs")[0] == ("held", "connection-failed")


def test_a_delivery_whose_time_the_clock_has_left_ahead_goes_within_a_minute_or_so(tmp_path: Path) -> None:
    misdated, waiting = keys(2)
    with recording_scp() as scp, delivering(tmp_path, {"pacs": peer(scp.port)}) as node:
        for key, delay_s in ((misdated, 86400.0), (waiting, 600.0)):  # the second is a wait that there is
            node.enqueue(key, "pacs", delay_s=delay_s)
        node.start()
        node.until(misdated, "pacs", "delivered")
        assert node.verdicts(waiting, "pacs") == []
        assert "clock-set-back" in node.log()
