"""Who may associate."""

from collections.abc import Sequence

import pytest

from dicom_node.receive.admission import REJECTION, Admitted, Call, Reason, Rejected, admit, normalised, printable
from dicom_node.settings_network import Node, Peer

NODE = Node(maximum_associations=2)
PEERS = {
    "room1": Peer(ae_title="ROOM", host="192.0.2.1"),
    "room2": Peer(ae_title="ROOM", host="xray.invalid"),
    "any": Peer(ae_title="ANY", host="*"),
    "viewer": Peer(ae_title="VIEWER", host="192.0.2.3", port=104, may=("receive",), maximum_associations=1),  # type: ignore[arg-type]
}


def decide(
    calling: str, called: str = "BONEAGE", host: str = "192.0.2.1", already: Sequence[str] = ()
) -> Admitted | Rejected:
    names = {"xray.invalid": frozenset({"192.0.2.2"})}
    return admit(
        Call(calling, called, host),
        NODE,
        PEERS,
        open_associations=already,
        addresses_of=lambda name: names.get(name, frozenset()),
    )


@pytest.mark.parametrize(
    ("calling", "host"),
    [("ROOM", "192.0.2.1"), ("ROOM", "192.0.2.2"), ("ROOM", "::ffff:192.0.2.1"), ("ANY", "203.0.113.9")],
)
def test_a_peer_from_its_host_may_send(calling: str, host: str) -> None:
    answer = decide(calling, host=host)
    assert isinstance(answer, Admitted)
    assert answer.may_send


def test_a_receiver_is_admitted_and_may_not_send() -> None:
    assert decide("VIEWER", host="192.0.2.3") == Admitted(may_send=False, peer="viewer")


def test_each_rejection_says_what_is_configured() -> None:
    assert decide("ROOM", called="BONEAG") == Rejected(Reason.CALLED_AE_TITLE, "BONEAGE")
    assert decide("room") == Rejected(Reason.CALLING_AE_TITLE, "ANY, ROOM, VIEWER")
    assert decide("ROOM", host="192.0.2.9") == Rejected(Reason.HOST, "192.0.2.1, xray.invalid")
    assert decide("ROOM", already=("any", "viewer")) == Rejected(Reason.TOO_MANY, "2")


def test_a_peer_has_a_limit_of_its_own_beside_the_nodes() -> None:
    allowed = decide("VIEWER", host="192.0.2.3", already=("room1",))
    assert allowed == Admitted(may_send=False, peer="viewer")
    refused = decide("VIEWER", host="192.0.2.3", already=("viewer",))
    assert refused == Rejected(Reason.PEER_TOO_MANY, "peers.viewer.maximum_associations is 1")
    assert REJECTION[Reason.PEER_TOO_MANY] == (2, 3, 2)  # PS3.8 Table 9-21: rejected-transient, local-limit-exceeded


def test_without_peers_nobody_is_admitted() -> None:
    answer = admit(
        Call("A", "BONEAGE", "192.0.2.1"), NODE, {}, open_associations=(), addresses_of=lambda _: frozenset()
    )
    assert answer == Rejected(Reason.CALLING_AE_TITLE, "no peers")


def test_addresses_have_one_spelling() -> None:
    assert normalised("::ffff:192.0.2.1") == "192.0.2.1"
    assert normalised("2001:DB8::0:1") == normalised("2001:db8::1")
    assert normalised("fe80::1%eth0") == "fe80::1"


def test_a_title_in_a_log_is_short_and_printable() -> None:
    assert printable(" A\nB\x00") == "A?B?"
    assert len(printable("X" * 200)) == 16
