"""Attributes that cannot be parsed count as absent.

pydicom converts a value when somebody asks for it, and raises then: in the middle of a selection, or of a report.
"""

from pydicom import Dataset
from pydicom.datadict import dictionary_has_tag, dictionary_VR
from pydicom.dataelem import RawDataElement, convert_raw_data_element
from pydicom.tag import BaseTag

from dicom_node.spool.identity import PARSE_ERRORS


def drop_unparsable(ds: Dataset) -> Dataset:
    """The data set without the attributes whose value, or what is nested in it, cannot be converted.

    Those that stay are left as they were read: a report copies the bytes of texts.
    """
    for tag in list(ds.keys()):
        try:
            _convert(ds, tag)
        except (OSError, *PARSE_ERRORS):
            del ds[tag]
    return ds


def _convert(ds: Dataset, tag: BaseTag) -> None:
    element = ds.get_item(tag)
    if isinstance(element, RawDataElement):
        element = convert_raw_data_element(element, encoding=ds.original_character_set or ds._character_set, ds=ds)
    if element is None:
        return
    nests = element.VR == "SQ"
    if dictionary_has_tag(tag) and nests != (dictionary_VR(tag) == "SQ"):
        raise ValueError("items where there are none, or none where there are")
    if nests:
        for item in element.value:
            for nested in list(item.keys()):
                _convert(item, nested)
