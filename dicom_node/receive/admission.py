"""Who may associate: a pure decision from the call, the settings and the open associations."""

import ipaddress
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from dicom_node.settings_network import Allowance, Node, Peer

AddressesOf = Callable[[str], frozenset[str]]
"""Host name -> its addresses, each as `normalised` gives it."""
ANY_HOST = "*"


@dataclass(frozen=True)
class Call:
    """What an A-ASSOCIATE-RQ says, and the address it came from."""

    calling_ae_title: str
    called_ae_title: str
    host: str


class Reason(StrEnum):
    """Why an association is rejected."""

    CALLED_AE_TITLE = "called-ae-title"
    """The call is for another AE title than this node's."""
    CALLING_AE_TITLE = "calling-ae-title"
    """No peer of the settings has the calling AE title."""
    HOST = "host"
    """The peer is known, but calls from another host than the settings say."""
    TOO_MANY = "too-many-associations"
    """node.maximum_associations are open."""
    PEER_TOO_MANY = "too-many-associations-of-the-peer"
    """The peer's own maximum_associations are open."""
    INTERNAL = "internal-error"
    """The decision itself failed; such a call is never let in."""


REJECTION = {
    Reason.CALLED_AE_TITLE: (1, 1, 7),
    Reason.CALLING_AE_TITLE: (1, 1, 3),
    Reason.HOST: (1, 1, 3),
    Reason.TOO_MANY: (2, 3, 2),
    Reason.PEER_TOO_MANY: (2, 3, 2),
    Reason.INTERNAL: (2, 1, 1),
}
"""Result, source and reason/diagnostic of the A-ASSOCIATE-RJ (PS3.8 Table 9-21). For a wrong host the standard has
no reason of its own."""


@dataclass(frozen=True)
class Admitted:
    """The association of the peer of that name is accepted. may_send: it may store images. may_commit: it may answer
    requests for commitment. With neither it may only verify (C-ECHO).
    """

    may_send: bool
    peer: str
    may_commit: bool = False


@dataclass(frozen=True)
class Rejected:
    """The association is rejected; configured is what the settings say instead."""

    reason: Reason
    configured: str


def admit(
    call: Call, node: Node, peers: Mapping[str, Peer], *, open_associations: Sequence[str], addresses_of: AddressesOf
) -> Admitted | Rejected:
    """Decide on a call. Both AE titles and the host must be those of the settings.

    open_associations: the name of its peer for each. Of several peers that fit, one that may send counts.
    """
    if call.called_ae_title != node.ae_title:
        return Rejected(Reason.CALLED_AE_TITLE, node.ae_title)
    namesakes = {name: peer for name, peer in peers.items() if peer.ae_title == call.calling_ae_title}
    if not namesakes:
        known = sorted({peer.ae_title for peer in peers.values()})
        return Rejected(Reason.CALLING_AE_TITLE, ", ".join(known) or "no peers")
    matching = [name for name, peer in namesakes.items() if _comes_from(call.host, peer, addresses_of)]
    if not matching:
        return Rejected(Reason.HOST, ", ".join(sorted({peer.host for peer in namesakes.values()})))
    if len(open_associations) >= node.maximum_associations:
        return Rejected(Reason.TOO_MANY, str(node.maximum_associations))
    name = max(matching, key=lambda each: Allowance.SEND in peers[each].may)
    own_limit = peers[name].maximum_associations
    if own_limit is not None and open_associations.count(name) >= own_limit:
        return Rejected(Reason.PEER_TOO_MANY, f"peers.{name}.maximum_associations is {own_limit}")
    may_commit = any(peers[each].storage_commitment for each in matching)
    return Admitted(Allowance.SEND in peers[name].may, name, may_commit)


def normalised(address: str) -> str:
    """One spelling an address; an IPv4 address that came over IPv6 is an IPv4 address."""
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    mapped = getattr(parsed, "ipv4_mapped", None)
    return str(mapped or parsed)


def printable(title: str) -> str:
    """An AE title as it may stand in a log: at most 16 characters, others than printable ASCII as '?'."""
    return "".join(c if " " <= c <= "~" else "?" for c in title.strip()[:16])


def _comes_from(host: str, peer: Peer, addresses_of: AddressesOf) -> bool:
    if peer.host == ANY_HOST:
        return True
    return normalised(host) in {normalised(peer.host), *addresses_of(peer.host)}
