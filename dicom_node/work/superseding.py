"""The report that an image version's report supersedes: a repeated, corrected or better one takes its place."""

from pydicom import Dataset, dcmread

from dicom_node.report.contract import Predecessor
from dicom_node.report.predecessor import predecessor
from dicom_node.report.rendition import PictureCompression
from dicom_node.report.sr import SOP_CLASSES
from dicom_node.spool.layout import Layout
from dicom_node.spool.origin import read_provenance
from dicom_node.spool.rereading import Correction
from dicom_node.spool.results import read_results
from dicom_node.work.correction import reason
from dicom_node.work.select import text
from dicom_node.work.turn import predecessor_key

SENT_AGAIN = "the image was sent again with other content"
ANOTHER_IMAGE = "another image of the exposure was read before"


def superseded(layout: Layout, key: str, header: Dataset, correction: Correction | None) -> Predecessor | None:
    """What was reported before of the image's exposure, or of the version that is read again; None for a first report.

    Of an image whose turn it is. Raises OSError where the spool cannot be read.
    """
    claimed = predecessor_key(layout, key, header)
    for earlier in dict.fromkeys(filter(None, (claimed, correction.of if correction else None))):
        documents = _documents(layout, earlier)
        if documents:
            same_image = read_provenance(layout, earlier).sop_instance_uid == text(header, "SOPInstanceUID")
            why = reason(correction) if correction else SENT_AGAIN if same_image else ANOTHER_IMAGE
            return predecessor(documents, why)
    return None


def _documents(layout: Layout, key: str) -> list[tuple[PictureCompression, Dataset]]:
    """The reports of an image version, with the compression of the picture each refers to."""
    try:
        objects = read_results(layout, key).objects
    except FileNotFoundError:
        return []
    kinds = {str(kind) for kind in SOP_CLASSES}
    return [(PictureCompression(each.compression), dcmread(each.path)) for each in objects if each.kind in kinds]
