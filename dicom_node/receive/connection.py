"""TCP and TLS under the associations: handshakes with a deadline, reads with a limit, one thread an association.

pynetdicom shakes hands in its accept loop, where one silent client stops everybody; here it is done in the
connection's own thread.
"""

import select
import socket
import ssl
from dataclasses import dataclass
from socketserver import BaseServer
from time import sleep
from typing import Any

import structlog
from pynetdicom import AE
from pynetdicom.association import Association
from pynetdicom.presentation import PresentationContext
from pynetdicom.transport import AssociationSocket, RequestHandler, ThreadedAssociationServer

from dicom_node.audit.trail import Trail
from dicom_node.receive.dataset import ObjectLimits, StoringProvider
from dicom_node.receive.pace import BUSY_S, Pace
from dicom_node.receive.upper_layer import GuardedMachine
from dicom_node.settings_network import Node, Tls
from dicom_node.spool.store import MIB, Inbox
from dicom_node.tls import limit_to_profile, load_identity

log = structlog.get_logger(__name__)

LONGEST_NEGOTIATION_BYTES = 1 * MIB
"""An A-ASSOCIATE-RQ with 128 contexts of every syntax stays below this; no maximum length is agreed before it."""
PDU_HEADER_BYTES = 6
CLOSING = "Sta13"
"""The state in which the connection is only waited for to close (PS3.8 Table 9-8)."""


@dataclass(frozen=True)
class Limits:
    """What one connection may take: read_timeout_s in silence, a PDU of pdu_bytes, and its objects."""

    read_timeout_s: float
    pdu_bytes: int
    objects: ObjectLimits

    @classmethod
    def of(cls, node: Node) -> "Limits":
        """As the settings say."""
        pdu_bytes = max(node.maximum_pdu_bytes + PDU_HEADER_BYTES, LONGEST_NEGOTIATION_BYTES)
        return cls(node.idle_timeout_s, pdu_bytes, ObjectLimits(node.maximum_object_mib * MIB))


class PduSocket(AssociationSocket):
    """Reads a PDU in as few calls as the network allows, and none that is longer than agreed.

    It is also where the association's reactor rests: asked for data, it waits for them as long as the pace says.
    """

    def __init__(self, assoc: Association, connection: socket.socket, limit_bytes: int, pace: Pace) -> None:
        super().__init__(assoc, client_socket=connection)
        self._limit_bytes, self._pace = limit_bytes, pace
        self._poll = select.poll()  # select.select knows no descriptors beyond 1023
        self._poll.register(connection, select.POLLIN | select.POLLHUP)

    @property
    def ready(self) -> bool:
        """Whether there is something to read, or the peer hung up."""
        connection = self.socket
        if connection is None or not self._is_connected:
            sleep(BUSY_S)
            return False
        if isinstance(connection, ssl.SSLSocket) and connection.pending():
            return True
        closing = self.assoc.dul.state_machine.current_state == CLOSING
        return bool(self._poll.poll(0 if closing else self._pace.wait_s * 1000))

    def send(self, bytestream: bytes) -> None:
        """As the base class."""
        self._pace.hear()
        super().send(bytestream)

    def recv(self, nr_bytes: int) -> bytearray:
        """Exactly nr_bytes, or fewer where the peer hung up. Raises ConnectionError above the limit."""
        if nr_bytes > self._limit_bytes or self.socket is None:
            raise ConnectionError("a PDU longer than the agreed maximum")
        self._pace.hear()
        data = bytearray(nr_bytes)
        read = 0
        with memoryview(data) as view:
            while read < nr_bytes:
                count = self.socket.recv_into(view[read:])
                if not count:
                    break
                read += count
        return data[:read]


class ConnectionHandler(RequestHandler):
    """Makes the association of one connection."""

    server: "NodeServer"

    def _create_association(self) -> Association:
        assoc = super()._create_association()
        limits, pace = self.server.limits, Pace()
        assoc.dul.socket = PduSocket(assoc, self.request, limits.pdu_bytes, pace)
        assoc.dul.state_machine = GuardedMachine(assoc.dul)
        assoc.dul._run_loop_delay = 0.0  # its reactor rests in the socket instead
        # Either socket object announces the connection (Evt5, PS3.8 Table 9-10); it is one.
        assoc.dul.event_queue.get_nowait()
        assoc.dimse = StoringProvider(assoc, self.server.inbox, limits.objects, pace)
        return assoc


class NodeServer(ThreadedAssociationServer):
    """Listens, and gives each connection a thread, its timeouts and, where configured, TLS."""

    daemon_threads = True
    request_queue_size = 128
    """Connections that wait to be accepted; with the base class's 5 a burst of senders waits a second for a retry."""

    def __init__(
        self,
        ae: AE,
        address: tuple[str, int],
        ae_title: str,
        contexts: list[PresentationContext],
        ssl_context: ssl.SSLContext | None = None,
        **others: Any,
    ) -> None:
        self.inbox: Inbox = others.pop("inbox")
        self.node: Node = others.pop("node")
        self._trail: Trail = others.pop("trail")
        self.limits = Limits.of(self.node)
        self._tls = ssl_context
        super().__init__(ae, address, ae_title, contexts, request_handler=ConnectionHandler, **others)

    def verify_request(self, request: Any, client_address: Any) -> bool:
        """Hang up where so many connections are open that they cannot all be peers."""
        return len(self.active_associations) <= 2 * self.node.maximum_associations + 16

    def finish_request(self, request: Any, client_address: Any) -> None:
        """In the connection's own thread: the handshake, then the association."""
        try:
            connection = self._secured(request)
        except OSError as error:  # ssl.SSLError and TimeoutError are among them
            log.warning("tls_handshake_failed", host=client_address[0], error=type(error).__name__)
            self._trail.caller_refused("", client_address[0], "tls-handshake")
            self.shutdown_request(request)
            return
        connection.settimeout(self.limits.read_timeout_s)
        super().finish_request(connection, client_address)

    def shutdown(self) -> None:
        """Stop listening. (The base class also takes the server out of its AE's list, where this one never was.)"""
        BaseServer.shutdown(self)
        self.server_close()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A connection that could not become an association; the base class prints a traceback."""
        log.warning("connection_failed", host=client_address[0])

    def _secured(self, request: socket.socket) -> socket.socket:
        request.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if self._tls is None or self.node.tls is None:
            return request
        request.settimeout(self.node.tls.handshake_timeout_s)
        return self._tls.wrap_socket(request, server_side=True)


def server_tls(tls: Tls) -> ssl.SSLContext:
    """TLS 1.2 or later, peers' certificates checked against the settings' authorities (PS3.15 B.12, BCP 195).

    Raises OSError or ssl.SSLError where a file cannot be read or does not fit.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    limit_to_profile(context)
    load_identity(context, tls)
    context.load_verify_locations(tls.authorities)
    context.verify_mode = ssl.CERT_REQUIRED if tls.require_client_certificate else ssl.CERT_OPTIONAL
    return context
