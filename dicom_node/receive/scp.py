"""The storage SCP: started, and stopped so that what is in hand is finished."""

import ssl
import threading
from dataclasses import dataclass
from pathlib import Path
from time import monotonic, sleep
from typing import cast

import structlog
from pynetdicom import AE, _config

from dicom_node import implementation
from dicom_node.audit.trail import Trail
from dicom_node.errors import NodeError, SettingsInvalid
from dicom_node.jobs.contract import JobQueue, Priority, Triage
from dicom_node.receive.connection import NodeServer, server_tls
from dicom_node.receive.contexts import supported_contexts
from dicom_node.receive.handlers import Handlers
from dicom_node.settings import Settings
from dicom_node.settings_network import Node
from dicom_node.spool.store import Inbox

log = structlog.get_logger(__name__)

# pynetdicom's own log handlers would dump what they see, and cost time on every message.
_config.LOG_HANDLER_LEVEL = "none"

IDLE_WHEN_STOPPING_S = 1.0
"""While stopping, an association that is silent for this long is over."""
POLL_S = 0.02


class CannotListen(NodeError):
    """The port is taken, or the address is not this machine's."""

    code, retry = "cannot-listen", True


@dataclass(frozen=True)
class Receiver:
    """A running SCP. `port` is the one it listens on."""

    server: NodeServer
    thread: threading.Thread

    @property
    def port(self) -> int:
        """TCP port."""
        return int(self.server.server_address[1])

    @property
    def open_associations(self) -> int:
        """Associations that still run."""
        return len(self.server.active_associations)

    def stop(self, timeout_s: float = 20.0) -> bool:
        """Take no more associations, let the open ones finish, abort what is left after timeout_s.

        True where nothing had to be aborted in the middle of something.
        """
        deadline = monotonic() + timeout_s
        if self.thread.is_alive():
            self.server.shutdown()
        for assoc in self.server.active_associations:
            assoc.network_timeout = IDLE_WHEN_STOPPING_S
        while self.server.active_associations and monotonic() < deadline:
            sleep(POLL_S)
        left = self.server.active_associations
        for assoc in left:
            assoc.abort(block=False)
        return not left


def routine(_path: Path, _calling_ae_title: str) -> Priority:
    """A triage that puts nothing first."""
    return Priority.ROUTINE


def start(settings: Settings, inbox: Inbox, queue: JobQueue, triage: Triage = routine) -> Receiver:
    """Listen on the settings' host and port. Raises CannotListen, SettingsInvalid (TLS files), SpoolUnwritable."""
    inbox.prepare()
    node = settings.node
    try:
        made = _ae(node).make_server(
            (node.host, node.port),
            ae_title=node.ae_title,
            ssl_context=_tls(node),
            evt_handlers=Handlers(settings, inbox, queue, triage).bound(),
            server_class=NodeServer,
            inbox=inbox,
            node=node,
            trail=Trail(settings, "receive"),
        )
    except OSError as error:
        raise CannotListen(f"{node.host}:{node.port}: {error.strerror or type(error).__name__}") from error
    server = cast(NodeServer, made)
    thread = threading.Thread(target=server.serve_forever, args=(0.1,), name="listener", daemon=True)
    thread.start()
    receiver = Receiver(server, thread)
    log.info("receiver_listening", ae_title=node.ae_title, host=node.host, port=receiver.port)
    return receiver


def _tls(node: Node) -> ssl.SSLContext | None:
    try:
        return server_tls(node.tls) if node.tls else None
    except OSError as error:  # ssl.SSLError is one too
        reason = getattr(error, "reason", None) or error.strerror or type(error).__name__
        raise SettingsInvalid(f"node.tls: certificate, key or authorities cannot be used: {reason}") from error


def _ae(node: Node) -> AE:
    ae = AE(ae_title=node.ae_title)
    ae.implementation_class_uid = implementation.CLASS_UID
    ae.implementation_version_name = implementation.VERSION_NAME
    ae.supported_contexts = supported_contexts()
    ae.require_called_aet = True
    # Handlers.on_requested counts associations, and rejects; a half-open connection is none.
    ae.maximum_associations = 2**31
    ae.maximum_pdu_size = node.maximum_pdu_bytes
    ae.acse_timeout = node.association_timeout_s
    ae.connection_timeout = node.association_timeout_s
    ae.dimse_timeout = node.dimse_timeout_s
    ae.network_timeout = node.idle_timeout_s
    return ae
