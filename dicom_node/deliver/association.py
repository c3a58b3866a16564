"""Opening an association with a destination, and saying why there is none."""

import socket
import ssl
from collections.abc import Sequence
from dataclasses import dataclass, field
from time import monotonic
from typing import cast

from pynetdicom import AE, evt
from pynetdicom.association import Association
from pynetdicom.presentation import PresentationContext
from pynetdicom.transport import AssociationSocket

from dicom_node import implementation
from dicom_node.deliver import outcomes
from dicom_node.deliver.checkpoint import Checkpoint
from dicom_node.jobs.contract import DeliveryOutcome
from dicom_node.settings import Settings
from dicom_node.settings_network import Peer, Tls
from dicom_node.tls import limit_to_profile, load_identity

TlsArguments = tuple[ssl.SSLContext, str]
"""The context, and the host name that the peer's certificate must be for."""


@dataclass
class _Connection:
    """What is known of the TCP connection: pynetdicom does not tell a refused one from an abort."""

    send_timeout_s: float
    opened: bool = False
    began: float = field(default_factory=monotonic)

    def on_open(self, event: evt.Event) -> None:
        """Send at once (Nagle's algorithm and delayed ACK cost 40 ms an object), and not for ever."""
        connection = cast(AssociationSocket, event.assoc.dul.socket).socket
        assert connection is not None
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.settimeout(self.send_timeout_s)  # a peer that stops reading would block send() without end
        self.opened = True


def associate(
    peer: Peer,
    settings: Settings,
    contexts: Sequence[PresentationContext],
    handlers: Sequence[evt.EventHandlerType] = (),
) -> Association | DeliveryOutcome:
    """An established association that the caller releases, or why there is none."""
    try:
        tls = _tls_arguments(peer, settings.node.tls) if peer.tls else None
    except OSError:  # no TLS block, a missing file, or (ssl.SSLError is an OSError) an unusable one
        return outcomes.TLS_UNUSABLE
    connection = _Connection(send_timeout_s=settings.delivery.dimse_timeout_s)
    try:
        assoc = _ae(settings).associate(
            _address(peer),
            int(peer.port or 0),
            contexts=list(contexts),
            ae_title=peer.ae_title,
            tls_args=tls,
            evt_handlers=[(evt.EVT_CONN_OPEN, connection.on_open), *handlers],
        )
    except OSError:  # the host's name cannot be resolved, or no local port is left
        return outcomes.CONNECTION_FAILED
    if not assoc.is_established:
        return _judge_failure(assoc, connection, settings)
    assoc._reactor_checkpoint = Checkpoint()
    return assoc


def _ae(settings: Settings) -> AE:
    ae = AE(ae_title=settings.node.ae_title)
    ae.implementation_class_uid = implementation.CLASS_UID
    ae.implementation_version_name = implementation.VERSION_NAME
    ae.connection_timeout = settings.delivery.connect_timeout_s
    ae.acse_timeout = settings.delivery.connect_timeout_s
    ae.dimse_timeout = settings.delivery.dimse_timeout_s
    ae.network_timeout = settings.delivery.dimse_timeout_s + settings.delivery.connect_timeout_s
    return ae


def _address(peer: Peer) -> str:
    """The numeric address, IPv4 before IPv6: pynetdicom takes a name without a dot for IPv6."""
    found = socket.getaddrinfo(peer.host, peer.port, type=socket.SOCK_STREAM)
    by_family = sorted((family != socket.AF_INET, str(address[0])) for family, _, _, _, address in found)
    return by_family[0][1]


def _tls_arguments(peer: Peer, tls: Tls | None) -> TlsArguments:
    """TLS 1.2 or later, with our certificate, and the peer's checked against its host (PS3.15 B.12)."""
    if tls is None:
        raise FileNotFoundError("the peer wants TLS, and node.tls is not set")
    context = ssl.create_default_context(ssl.Purpose.SERVER_AUTH, cafile=str(tls.authorities))
    limit_to_profile(context)
    load_identity(context, tls)
    return context, peer.host


def _judge_failure(assoc: Association, connection: _Connection, settings: Settings) -> DeliveryOutcome:
    if not connection.opened:
        return outcomes.CONNECTION_FAILED
    answer = assoc.acceptor.primitive  # the peer's A-ASSOCIATE response
    if answer is not None and assoc.is_rejected:
        return outcomes.judge_rejection(answer.result_source or 0, answer.diagnostic or 0)
    if answer is not None and answer.result == 0:  # accepted without a usable context: pynetdicom hangs up
        return outcomes.NO_CONTEXT
    timed_out = monotonic() - connection.began >= settings.delivery.connect_timeout_s
    return outcomes.ASSOCIATION_TIMEOUT if timed_out else outcomes.ASSOCIATION_REFUSED
