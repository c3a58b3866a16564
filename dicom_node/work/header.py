"""An image's header without its pixels: all of it, or as far as selection and exposure look at it, with no patient.

Whatever is parsed here was held against the limits first: this runs in the worker itself.
"""

from pathlib import Path
from typing import Any

from pydicom import Dataset, dcmread

from dicom_node.errors import ObjectUnreadable
from dicom_node.settings_parsing import DEFAULTS, Parsing
from dicom_node.spool.identity import PARSE_ERRORS
from dicom_node.structure import check_structure
from dicom_node.work import exposure, select
from dicom_node.work.parsable import drop_unparsable

TAGS = (*select.TAGS, *exposure.TAGS)


def read_header(path: Path, limits: Parsing = DEFAULTS) -> Dataset:
    """The attributes of TAGS, and no others. Raises ObjectUnreadable, and ObjectTooComplex beyond the limits."""
    return _read(path, limits, specific_tags=list(TAGS))


def whole_header(path: Path, limits: Parsing = DEFAULTS) -> Dataset | None:
    """Everything but the pixels, of an object whose pixels are no use; None where it cannot be read."""
    try:
        header = _read(path, limits)
    except ObjectUnreadable:
        return None
    return header if "SOPClassUID" in header and "SOPInstanceUID" in header else None


def _read(path: Path, limits: Parsing, **how: Any) -> Dataset:
    try:
        check_structure(path, limits)
        return drop_unparsable(dcmread(path, stop_before_pixels=True, **how))
    except (OSError, *PARSE_ERRORS) as error:
        raise ObjectUnreadable(f"not a whole DICOM object ({type(error).__name__})") from None
