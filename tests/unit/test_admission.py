"""Who may associate."""

import pytest

from dicom_node.receive.admission import Admitted, Call, Reason, Rejected, admit, normalised, printable
from dicom_node.settings_network import Node, Peer

NODE = Node(maximum_associations=2)
PEERS = {
    "room1": Peer(ae_title="ROOM", host="192.0.2.1"),
    "room2": Peer(ae_title="ROOM", host="xray.invalid"),
    "any": Peer(ae_title="ANY", host="*"),
    "viewer": Peer(ae_title="VIEWER", host="192.0.2.3", port=104, may=("receive",)),  # type: ignore[arg-type]
}


def decide(calling: str, called: str = "BONEAGE", host: str = "192.0.2.1", count: int = 0) -> Admitted | Rejected:
    names = {"xray.invalid": frozenset({"192.0.2.2"})}
    return admit(
        Call(calling, called, host),
        NODE,
        PEERS,
        open_associations=count,
        addresses_of=lambda name: names.get(name, frozenset()),
    )


@pytest.mark.parametrize(
    ("calling", "host"),
    [("ROOM", "192.0.2.1"), ("ROOM", "192.0.2.2"), ("ROOM", "::ffff:192.0.2.1"), ("ANY", "203.0.113.9")],
)
def test_a_peer_from_its_host_may_send(calling: str, host: str) -> None:
    assert decide(calling, host=host) == Admitted(may_send=True)


def test_a_receiver_is_admitted_and_may_not_send() -> None:
    assert decide("VIEWER", host="192.0.2.3") == Admitted(may_send=False)


def test_each_rejection_says_what_is_configured() -> None:
    assert decide("ROOM", called="BONEAG") == Rejected(Reason.CALLED_AE_TITLE, "BONEAGE")
    assert decide("room") == Rejected(Reason.CALLING_AE_TITLE, "ANY, ROOM, VIEWER")
    assert decide("ROOM", host="192.0.2.9") == Rejected(Reason.HOST, "192.0.2.1, xray.invalid")
    assert decide("ROOM", count=2) == Rejected(Reason.TOO_MANY, "2")


def test_without_peers_nobody_is_admitted() -> None:
    answer = admit(Call("A", "BONEAGE", "192.0.2.1"), NODE, {}, open_associations=0, addresses_of=lambda _: frozenset())
    assert answer == Rejected(Reason.CALLING_AE_TITLE, "no peers")


def test_addresses_have_one_spelling() -> None:
    assert normalised("::ffff:192.0.2.1") == "192.0.2.1"
    assert normalised("2001:DB8::0:1") == normalised("2001:db8::1")
    assert normalised("fe80::1%eth0") == "fe80::1"


def test_a_title_in_a_log_is_short_and_printable() -> None:
    assert printable(" A\nB\x00") == "A?B?"
    assert len(printable("X" * 200)) == 16
