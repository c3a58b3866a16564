"""Readings that somebody asked for: an image once more, under a key of its own, with what was corrected.

The new version has the image's file (a link to it) and its origin; what stands in correction.json goes before its
header. An image that arrived has no correction.json.
"""

import hashlib
import json
import os
import shutil
from dataclasses import dataclass, replace
from datetime import date, datetime
from pathlib import Path

from dicom_node.spool.durable import commit, fsync_directory, make_directory, write_atomically
from dicom_node.spool.layout import Layout
from dicom_node.spool.origin import read_provenance, write_provenance
from dicom_node.spool.store import spool_faults


@dataclass(frozen=True)
class Correction:
    """of: the key of the version that is read again. sex: F or M; sex and birth_date None: as the image says."""

    of: str
    asked_at: datetime
    sex: str | None = None
    birth_date: date | None = None


def add_rereading(layout: Layout, correction: Correction) -> str:
    """Make the new version durable and give its key. Raises SpoolUnwritable, StorageFull, also without the image."""
    key = hashlib.sha256(f"{correction.of}\n{correction.asked_at.isoformat()}".encode()).hexdigest()
    with spool_faults():
        found = read_provenance(layout, correction.of)
        make_directory(layout.image(key).parent)
        origin = replace(found.origin, received_at=correction.asked_at)
        write_provenance(layout, key, replace(found, origin=origin))
        write_atomically(layout.correction(key), json.dumps(_fields(correction)).encode())
        _link(layout.image(correction.of), layout.image(key))
    return key


def read_correction(layout: Layout, key: str) -> Correction | None:
    """What was asked for; None for an image that arrived."""
    try:
        fields = json.loads(layout.correction(key).read_bytes())
    except FileNotFoundError:
        return None
    birth_date = date.fromisoformat(fields["birth_date"]) if fields["birth_date"] else None
    return Correction(fields["of"], datetime.fromisoformat(fields["asked_at"]), fields["sex"], birth_date)


def _fields(correction: Correction) -> dict[str, str | None]:
    birth_date = correction.birth_date.isoformat() if correction.birth_date else None
    return {
        "of": correction.of,
        "asked_at": correction.asked_at.isoformat(),
        "sex": correction.sex,
        "birth_date": birth_date,
    }


def _link(image: Path, again: Path) -> None:
    """Another durable name of the file, or a copy where the file system knows no links; last, as in `store`."""
    try:
        os.link(image, again)
    except FileNotFoundError:
        raise
    except OSError:
        part = again.with_suffix(".part")
        shutil.copyfile(image, part)
        commit(part, again)
    else:
        fsync_directory(again.parent)
