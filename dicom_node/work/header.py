"""An image's header as far as selection and exposure look at it: no pixels, no patient."""

from pathlib import Path

from pydicom import Dataset, dcmread
from pydicom.errors import InvalidDicomError

from dicom_node.errors import ObjectUnreadable
from dicom_node.work import exposure, select

TAGS = (*select.TAGS, *exposure.TAGS)


def read_header(path: Path) -> Dataset:
    """The attributes of TAGS, and no others. Raises ObjectUnreadable."""
    try:
        return dcmread(path, stop_before_pixels=True, specific_tags=list(TAGS))
    except (InvalidDicomError, OSError, EOFError, ValueError, KeyError) as error:
        raise ObjectUnreadable(f"not a whole DICOM object ({type(error).__name__})") from None


def whole_header(path: Path) -> Dataset | None:
    """Everything but the pixels, of an object whose pixels are no use; None where it cannot be read."""
    try:
        header = dcmread(path, stop_before_pixels=True)
        return header if "SOPClassUID" in header and "SOPInstanceUID" in header else None
    except (InvalidDicomError, OSError, EOFError, ValueError, KeyError):
        return None
