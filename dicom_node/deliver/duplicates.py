"""What a destination calls a duplicate (0111): asked for, where it answers queries (PS3.4 Annex C, Study Root, C-FIND).

The UIDs of our objects are derived from what they say, so an object under one of them is one of ours, of the same
image, reading and rendering. A query shows that it lies there, in the study of the image; what bytes it has only
storage commitment could vouch for. A destination that answers no queries is believed.
"""

from collections.abc import Sequence

import structlog
from pydicom import Dataset, dcmread
from pynetdicom.association import Association
from pynetdicom.presentation import build_context
from pynetdicom.sop_class import StudyRootQueryRetrieveInformationModelFind  # type: ignore[attr-defined]

from dicom_node.deliver import outcomes
from dicom_node.deliver.association import associate
from dicom_node.jobs.contract import DeliveryOutcome
from dicom_node.settings import Settings
from dicom_node.settings_network import Peer
from dicom_node.spool.results import StoredObject

_NAMES = ("StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID")

log = structlog.get_logger(__name__)


def verify(doubles: Sequence[StoredObject], peer: Peer, settings: Settings) -> DeliveryOutcome:
    """DELIVERED, unless the destination answers a query for one of the objects and does not have it."""
    assoc = associate(peer, settings, [build_context(StudyRootQueryRetrieveInformationModelFind)])
    if isinstance(assoc, DeliveryOutcome):  # most often: no context, for it answers no queries
        return outcomes.DUPLICATE
    try:
        found = [_is_there(assoc, stored) for stored in doubles]
    finally:
        assoc.release()
    log.info("duplicates_looked_for", count=found.count(True), code=outcomes.DUPLICATE.code)
    return outcomes.DUPLICATE_NOT_FOUND if False in found else outcomes.DUPLICATE


def _is_there(assoc: Association, stored: StoredObject) -> bool | None:
    """Whether the destination lists the object; None where it does not say."""
    header = dcmread(stored.path, stop_before_pixels=True, specific_tags=list(_NAMES))
    query = Dataset()
    query.QueryRetrieveLevel = "IMAGE"
    for name in _NAMES:
        setattr(query, name, header.get(name, ""))
    listed = False
    try:
        for status, identifier in assoc.send_c_find(query, StudyRootQueryRetrieveInformationModelFind):
            if identifier is not None:
                listed = listed or identifier.get("SOPInstanceUID") == stored.sop_instance_uid
            elif status.get("Status") != 0x0000:
                return None
    except RuntimeError:  # the association ended
        return None
    return listed
