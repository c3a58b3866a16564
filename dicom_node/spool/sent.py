"""What a destination has of the results of one image version: what is stored there need not be sent again."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace

from dicom_node.spool.durable import make_directory, write_atomically
from dicom_node.spool.layout import Layout
from dicom_node.spool.store import spool_faults


@dataclass(frozen=True)
class Sent:
    """How far one delivery is. All UIDs are SOP Instance UIDs of our objects, except those of transactions.

    stored: UID -> code of the destination's answer. committed: UIDs that it has committed to keep. transactions:
    Transaction UIDs of the requests for commitment, in order; asked_at: of the latest, seconds since 1970.
    """

    stored: Mapping[str, str] = field(default_factory=dict)
    committed: tuple[str, ...] = ()
    transactions: tuple[str, ...] = ()
    asked_at: float = 0.0

    def with_stored(self, uid: str, code: str) -> "Sent":
        """One more object is stored."""
        return replace(self, stored={**self.stored, uid: code})

    @property
    def uncommitted(self) -> tuple[str, ...]:
        """UIDs that are stored, and not yet committed."""
        return tuple(uid for uid in self.stored if uid not in self.committed)


def read_sent(layout: Layout, key: str, destination: str) -> Sent:
    """What was written down last; nothing where nothing was."""
    try:
        told = json.loads(layout.sent(key, destination).read_bytes())
    except FileNotFoundError:
        return Sent()
    tuples = {name: tuple(told[name]) for name in ("committed", "transactions")}
    return Sent(told["stored"], asked_at=told["asked_at"], **tuples)


def write_sent(layout: Layout, key: str, destination: str, sent: Sent) -> None:
    """Make it durable. Raises SpoolUnwritable, StorageFull."""
    path = layout.sent(key, destination)
    with spool_faults():
        make_directory(path.parent)
        write_atomically(path, json.dumps(asdict(sent)).encode())
