"""What to propose to a destination, and which of two equal objects it gets. Pure."""

from collections.abc import Iterable, Sequence, Set

from pydicom.uid import UID, ImplicitVRLittleEndian
from pynetdicom.presentation import PresentationContext, build_context

from dicom_node.report.contract import ObjectKind
from dicom_node.report.rendition import PictureCompression
from dicom_node.settings import Peer
from dicom_node.spool.results import StoredObject

Accepted = Set[tuple[str, str]]
"""(SOP class, transfer syntax) of each presentation context that the destination accepted."""

Answer = tuple[StoredObject, ...]
"""The same answer in one or more SOP classes, the best first: the destination gets one of them."""

_SAME_ANSWER = {ObjectKind.REPORT_FALLBACK.value: ObjectKind.REPORT.value}


def objects_for(peer: Peer, objects: Sequence[StoredObject]) -> tuple[StoredObject, ...]:
    """What a destination gets: the objects of one compression, and presentation states where it wants them.

    Where the settings changed after the objects were built, it gets those that there are: uncompressed ones first.
    """
    there = {each.compression for each in objects if each.kind != ObjectKind.PRESENTATION.value}
    wished = (peer.picture_compression.value, *(each.value for each in PictureCompression))
    compression = next((each for each in wished if each in there), None)
    return tuple(
        each
        for each in objects
        if (peer.presentation_state if each.kind == ObjectKind.PRESENTATION.value else each.compression == compression)
    )


def answers(objects: Iterable[StoredObject]) -> list[Answer]:
    """The objects in their order, a fallback behind what it stands in for."""
    grouped: dict[str, list[StoredObject]] = {}
    for stored in objects:
        grouped.setdefault(_SAME_ANSWER.get(stored.kind, stored.kind), []).append(stored)
    return [tuple(sorted(group, key=lambda stored: stored.kind in _SAME_ANSWER)) for group in grouped.values()]


def contexts(syntaxes: Sequence[tuple[str, UID]]) -> list[PresentationContext]:
    """The presentation contexts for (SOP class, transfer syntax of the file), each once.

    The file's own syntax stands alone in its context, so that a destination that takes it cannot choose
    another; Implicit VR Little Endian, which must always be proposed (PS3.5 10.1), has a context beside it.
    """
    wanted = dict.fromkeys(
        (sop_class, syntax)
        for sop_class, own in syntaxes
        for syntax in ((own, ImplicitVRLittleEndian) if _convertible(own) else (own,))
    )
    return [build_context(sop_class, syntax) for sop_class, syntax in wanted]


def agreed_syntax(sop_class: str, own: UID, accepted: Accepted) -> UID | None:
    """The syntax to send in: the file's own, else Implicit VR Little Endian where that needs no decoding."""
    if (sop_class, own) in accepted:
        return own
    if _convertible(own) and (sop_class, ImplicitVRLittleEndian) in accepted:
        return ImplicitVRLittleEndian
    return None


def _convertible(own: UID) -> bool:
    return own.is_little_endian and not own.is_compressed
