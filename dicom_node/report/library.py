"""The image library of the report: what the source image is (PS3.16 TID 1600 to 1603).

highdicom's own needs PatientOrientation and ImagerPixelSpacing, which many sources lack.
"""

from highdicom.sr import (
    CodeContentItem,
    ContainerContentItem,
    ContentItem,
    ContentSequence,
    DateContentItem,
    ImageContentItem,
    NumContentItem,
    RelationshipTypeValues,
)
from pydicom import Dataset
from pydicom.sr.codedict import codes as standard
from pydicom.sr.coding import Code

from dicom_node.report import codes
from dicom_node.report.identity import copied
from dicom_node.report.subject import hand_laterality

_ACQUISITION = RelationshipTypeValues.HAS_ACQ_CONTEXT
_CONTAINS = RelationshipTypeValues.CONTAINS


def image_library(header: Dataset) -> ContainerContentItem:
    """The library with one group and the source image in it."""
    image = ImageContentItem(codes.SOURCE, header.SOPClassUID, header.SOPInstanceUID, relationship_type=_CONTAINS)
    image.ContentSequence = ContentSequence([*_general(header), *_projection(header)])
    group = ContainerContentItem(codes.IMAGE_LIBRARY_GROUP, relationship_type=_CONTAINS)
    group.ContentSequence = ContentSequence([image])
    library = ContainerContentItem(codes.IMAGE_LIBRARY, relationship_type=_CONTAINS)
    library.ContentSequence = ContentSequence([group])
    return library


def _general(header: Dataset) -> list[ContentItem]:
    """TID 1602: modality, region, side, date and size, as far as they are known."""
    modality = codes.MODALITIES.get(str(header.get("Modality", "")), codes.OTHER_MODALITY)
    items: list[ContentItem] = [
        CodeContentItem(codes.MODALITY, modality, _ACQUISITION),
        CodeContentItem(codes.TARGET_REGION, codes.HAND, _ACQUISITION),
    ]
    laterality = hand_laterality(header)
    if laterality is not None:
        items.append(CodeContentItem(codes.IMAGE_LATERALITY, codes.LATERALITIES[laterality], _ACQUISITION))
    study_date = copied(header, "StudyDate")
    if study_date is not None:
        items.append(DateContentItem(codes.STUDY_DATE, study_date.value, _ACQUISITION))
    for name, keyword in ((codes.PIXEL_ROWS, "Rows"), (codes.PIXEL_COLUMNS, "Columns")):
        if header.get(keyword):
            items.append(_number(name, float(header[keyword].value), codes.PIXELS))
    return items


def _projection(header: Dataset) -> list[ContentItem]:
    """TID 1603: pixel spacing at the detector, which is no patient scale."""
    spacing = copied(header, "ImagerPixelSpacing")
    if spacing is None or spacing.VM != 2:
        return []
    vertical_mm, horizontal_mm = (float(value) for value in spacing.value)
    return [
        _number(standard.DCM.HorizontalPixelSpacing, horizontal_mm, standard.UCUM.Millimeter),
        _number(standard.DCM.VerticalPixelSpacing, vertical_mm, standard.UCUM.Millimeter),
    ]


def _number(name: Code, value: float, unit: Code) -> NumContentItem:
    return NumContentItem(name, int(value) if value.is_integer() else value, unit, relationship_type=_ACQUISITION)
