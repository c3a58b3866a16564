"""The ledger of objects that this node made, so that it knows them when a PACS forwards them back."""

import hashlib
from pathlib import Path

from dicom_node.spool.durable import make_directory, write_atomically
from dicom_node.spool.layout import Layout
from dicom_node.spool.store import spool_faults


def note_made(layout: Layout, sop_instance_uid: str) -> None:
    """Remember the object, durably. Raises SpoolUnwritable, StorageFull."""
    path = _path(layout, sop_instance_uid)
    with spool_faults():
        make_directory(path.parent)
        write_atomically(path, b"")


def was_made_here(layout: Layout, sop_instance_uid: str) -> bool:
    """Whether this node made the object, as far as its storage directory reaches back."""
    return _path(layout, sop_instance_uid).exists()


def _path(layout: Layout, sop_instance_uid: str) -> Path:
    digest = hashlib.sha256(sop_instance_uid.encode()).hexdigest()
    return layout.made / digest[:2] / digest
