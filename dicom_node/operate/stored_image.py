"""Finding a stored image by what a person has in hand: the beginning of its ID, or its SOP Instance UID."""

import re
from collections.abc import Iterator

from dicom_node.errors import NodeError
from dicom_node.spool.layout import Layout
from dicom_node.spool.origin import Provenance, read_provenance

SHOWN = 12
"""Digits of a key that are shown as its ID."""


class NoSuchImage(NodeError):
    """No stored image has this ID, or more than one has."""

    code = "no-such-image"


def find_image(layout: Layout, named: str) -> tuple[str, Provenance]:
    """Key and origin of the image; of several versions of a SOP instance the latest. Raises NoSuchImage."""
    wanted = named.strip().lower()
    if re.fullmatch(r"[0-9a-f]{4,64}", wanted):
        keys = list(_keys(layout, wanted))
        if len(keys) == 1:
            return keys[0], read_provenance(layout, keys[0])
        if len(keys) > 1:
            raise NoSuchImage(f"{len(keys)} images have IDs that begin with {wanted}: give more digits")
    versions = [found for found in _origins(layout) if found[1].sop_instance_uid == wanted]
    if not versions:
        raise NoSuchImage(f"no stored image has the ID or SOP Instance UID {wanted}; see `dicom-node jobs list`")
    return max(versions, key=lambda found: found[1].origin.received_at)


def _keys(layout: Layout, beginning: str) -> Iterator[str]:
    for source in layout.images.glob(f"{beginning[:2]}/{beginning}*/source.dcm"):
        yield source.parent.name


def _origins(layout: Layout) -> Iterator[tuple[str, Provenance]]:
    for source in layout.images.glob("*/*/source.dcm"):
        yield source.parent.name, read_provenance(layout, source.parent.name)
