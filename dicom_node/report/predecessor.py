"""From the documents of a report that was sent to what a new one says of it (PS3.3 C.17.2, Predecessor Documents)."""

from collections.abc import Iterable
from datetime import datetime

from pydicom import Dataset
from pydicom.valuerep import DA, TM

from dicom_node.report.contract import Predecessor
from dicom_node.report.rendition import PictureCompression


def predecessor(documents: Iterable[tuple[PictureCompression, Dataset]], reason: str) -> Predecessor:
    """What the next report supersedes.

    documents: the reports as they were built, with the compression of the picture that each refers to.
    reason: ASCII words without patient data, as "sex corrected". Raises ValueError where there is no document, or
    the reason is not such.
    """
    earlier = tuple(documents)
    if not earlier:
        raise ValueError("a report supersedes at least one document")
    if not reason or not reason.isascii() or not reason.isprintable():
        raise ValueError("the reason is printable ASCII")
    first = earlier[0][1]
    day, time = DA(first.ContentDate), TM(first.ContentTime)
    if day is None or time is None:
        raise ValueError("the document does not say when it was made")
    return Predecessor(earlier, datetime.combine(day, time), reason)
