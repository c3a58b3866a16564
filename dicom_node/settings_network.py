"""Settings of the network: this node, TLS, and the peers it talks with."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field, model_validator

from dicom_node.jobs.contract import Priority
from dicom_node.report.rendition import PictureCompression
from dicom_node.secrets_file import SecretFile
from dicom_node.settings_delivery import PeerDelivery
from dicom_node.settings_types import AETitle, Frozen, Name, PathBeside, Port


class Tls(Frozen):
    """TLS for associations, as BCP 195 asks: version 1.2 or later, certificates on both sides."""

    certificate: PathBeside
    """PEM file with this node's certificate chain."""
    key: SecretFile
    """PEM file with the private key, or credential:NAME for one that systemd passes."""
    authorities: PathBeside
    """PEM file with the authorities that peers' certificates are checked against."""
    require_client_certificate: bool = True
    """Refuse peers without a certificate."""
    handshake_timeout_s: float = Field(default=5.0, gt=0, le=60)
    """A peer that has not finished the handshake by then is dropped."""


class Node(Frozen):
    """Who this node is, and what it accepts on the network."""

    ae_title: AETitle = "BONEAGE"
    """Called AE title; associations that call another are rejected."""
    host: str = "127.0.0.1"
    """Address to listen on. 0.0.0.0 listens on every interface."""
    port: Annotated[int, Field(ge=0, le=65535)] = 11112
    """TCP port to listen on; 0 takes a free one."""
    host_id: Name | None = None
    """Name of this host among those that share a job database; null takes the system's host name, which must then stay
    the same over restarts."""
    tls: Tls | None = None
    """TLS, or null for plain DICOM."""
    maximum_associations: int = Field(default=32, ge=1, le=1000)
    """Open associations at a time; the next one is refused."""
    maximum_pdu_bytes: int = Field(default=131072, ge=4096, le=1048576)
    """Largest PDU this node receives."""
    maximum_object_mib: int = Field(default=256, ge=1, le=4096)
    """An association that sends a larger object is aborted, before the object is complete."""
    association_timeout_s: float = Field(default=10.0, gt=0, le=600)
    """From connecting to the end of the association's negotiation."""
    dimse_timeout_s: float = Field(default=60.0, gt=0, le=3600)
    """Longest wait for the next DIMSE message of one operation."""
    idle_timeout_s: float = Field(default=30.0, gt=0, le=3600)
    """An association without traffic is aborted after this time."""


class Allowance(StrEnum):
    """What a peer may do."""

    SEND = "send"
    """The peer may send images to this node."""
    RECEIVE = "receive"
    """This node may send results to the peer."""


class Peer(Frozen):
    """A modality, a PACS or a workstation."""

    ae_title: AETitle
    """The peer's AE title: calling when it sends, called when it receives."""
    host: str
    """Host name or address. A sender is refused when it connects from another one; "*" takes any (not for receive)."""
    port: Port | None = None
    """Port of the peer's storage SCP; needed where it may receive."""
    may: tuple[Allowance, ...] = (Allowance.SEND,)
    """send, receive, or both."""
    priority: Priority = Priority.ROUTINE
    """stat puts what the peer sends, and its results, before what is routine; so does a request of high priority."""
    maximum_associations: int | None = Field(default=None, ge=1, le=1000)
    """Open associations of this peer at a time; the next one is refused. null: only node.maximum_associations."""
    maximum_object_mib: int | None = Field(default=None, ge=1, le=4096)
    """As node.maximum_object_mib, for this peer alone. null: as the node's."""
    images_per_minute: int | None = Field(default=None, ge=1, le=100_000)
    """More images of this peer within a minute are refused with A700 as soon as they begin. null: no limit."""
    tls: bool = False
    """Use node.tls when sending to this peer."""
    picture_compression: PictureCompression = PictureCompression.NONE
    """How pictures go to this peer: none, rle (the same pixels) or jpeg (small, lossy)."""
    presentation_state: bool = False
    """Send the boxes of the bones too, as a presentation state over the original."""
    storage_commitment: bool = False
    """A result counts as delivered only when this peer has committed to keep it (PS3.4 Annex J)."""
    delivery: PeerDelivery = PeerDelivery()

    @model_validator(mode="after")
    def _receivers_have_an_address(self) -> "Peer":
        if Allowance.RECEIVE in self.may and (self.port is None or self.host == "*"):
            raise ValueError("a peer that may receive needs a port and a host other than '*'")
        return self
