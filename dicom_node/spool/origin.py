"""Where an image version came from: written beside it before its sender hears success."""

import json
from dataclasses import asdict, dataclass
from datetime import datetime

from dicom_node.spool.durable import write_atomically
from dicom_node.spool.identity import Identity
from dicom_node.spool.layout import Layout


@dataclass(frozen=True)
class Origin:
    """Who sent an image, and when. received_at has a zone; priority is a `jobs.contract.Priority` value."""

    calling_ae_title: str
    called_ae_title: str
    host: str
    received_at: datetime
    priority: str = "routine"


@dataclass(frozen=True)
class Provenance:
    """All that origin.json says of one image version; content_sha256 is that of the data set, in hex."""

    origin: Origin
    sop_class_uid: str
    sop_instance_uid: str
    transfer_syntax_uid: str
    content_sha256: str


def provenance(origin: Origin, identity: Identity, content_sha256: str) -> Provenance:
    """The three together."""
    return Provenance(
        origin,
        identity.sop_class_uid,
        identity.sop_instance_uid,
        identity.transfer_syntax_uid,
        content_sha256,
    )


def write_provenance(layout: Layout, key: str, found: Provenance) -> None:
    """Durable, in the folder of the image version, which must exist. Raises OSError."""
    fields = asdict(found)
    fields["origin"]["received_at"] = found.origin.received_at.isoformat()
    write_atomically(layout.origin(key), json.dumps(fields, indent=1).encode())


def read_provenance(layout: Layout, key: str) -> Provenance:
    """What `write_provenance` wrote. Raises OSError where there is none."""
    fields = json.loads(layout.origin(key).read_bytes())
    sender = fields.pop("origin")
    received_at = datetime.fromisoformat(sender.pop("received_at"))
    return Provenance(Origin(**sender, received_at=received_at), **fields)
