"""The structured report: TID 1500 as Comprehensive 3D SR, and the same content as Enhanced SR."""

from typing import Final

from highdicom.sr import (
    CodeContentItem,
    Comprehensive3DSR,
    ContentItem,
    DeviceObserverIdentifyingAttributes,
    EnhancedSR,
    MeasurementReport,
    NumContentItem,
    ObservationContext,
    ObserverContext,
    RelationshipTypeValues,
    TextContentItem,
)
from pydicom import Dataset
from pydicom.uid import Comprehensive3DSRStorage, EnhancedSRStorage

from dicom_node.report import codes, identity
from dicom_node.report.contract import ObjectKind, ReadCase, ReportContext
from dicom_node.report.findings import hand_group, tenth
from dicom_node.report.library import image_library
from dicom_node.report.uids import ResultUids, derived_uid
from dicom_node.report.words import words_of_use

SERIES_DESCRIPTION = "Bone age report (AI, research use only)"
SOP_CLASSES: Final = {
    ObjectKind.REPORT: Comprehensive3DSRStorage,
    ObjectKind.REPORT_FALLBACK: EnhancedSRStorage,
}
_CLASSES: Final = {ObjectKind.REPORT: Comprehensive3DSR, ObjectKind.REPORT_FALLBACK: EnhancedSR}
_CONTEXT = RelationshipTypeValues.HAS_OBS_CONTEXT
_SERIES = "report"


def build_report(
    kind: ObjectKind, case: ReadCase, context: ReportContext, uids: ResultUids, capture: Dataset
) -> Dataset:
    """One report document: complete, final, unverified (PS3.3 C.17.2). It refers to the source and the capture."""
    content = _content(case, context, uids, capture)
    ds = _CLASSES[kind](
        evidence=[identity.reference(case.header), capture],
        content=content,
        series_instance_uid=uids.series(_SERIES),
        series_number=context.series_number,
        sop_instance_uid=uids.instance(kind, SOP_CLASSES[kind]),
        instance_number=1 + list(_CLASSES).index(kind),
        manufacturer=identity.MANUFACTURER,
        is_complete=True,
        is_final=True,
        series_description=SERIES_DESCRIPTION,
        coding_schemes=[codes.private_scheme(context.software_version)],
        specific_character_set=None,
    )
    identity.complete(ds, case.header, case.reading.models, context)
    return ds


def _content(case: ReadCase, context: ReportContext, uids: ResultUids, capture: Dataset) -> MeasurementReport:
    """TID 1500 with image library and words of use, in the template's order."""
    report = MeasurementReport(
        observation_context=_observation_context(case, context),
        procedure_reported=codes.BONE_AGE_RADIOGRAPH,
        imaging_measurements=[hand_group(case, context, uids, capture)],
    )
    items = report[0].ContentSequence
    items.insert(len(items) - 1, image_library(case.header))
    words = words_of_use(context.site_words)
    items.append(TextContentItem(codes.COMMENT, words, RelationshipTypeValues.CONTAINS))
    _separate(report[0])
    return report


def _observation_context(case: ReadCase, context: ReportContext) -> ObservationContext:
    """TID 1001: this node observed; the patient was the subject, of this age and sex (TID 1004, 1006, 1007)."""
    attributes = DeviceObserverIdentifyingAttributes(
        uid=derived_uid("observer", context.station_ae_title, context.pipeline_fingerprint),
        name=context.station_ae_title or identity.MODEL_NAME,
        manufacturer_name=identity.MANUFACTURER,
        model_name=identity.MODEL_NAME,
        serial_number=context.pipeline_fingerprint[:16] or "unknown",
    )
    observation = ObservationContext(observer_device_context=ObserverContext(codes.DEVICE, attributes))
    observation.extend(_subject(case))
    return observation


def _subject(case: ReadCase) -> list[ContentItem]:
    sex = codes.SEXES[case.reading.sex] if case.reading.sex else codes.UNKNOWN_SEX
    items: list[ContentItem] = [
        CodeContentItem(codes.SUBJECT_CLASS, codes.PATIENT, _CONTEXT),
        CodeContentItem(codes.SUBJECT_SEX, sex, _CONTEXT),
    ]
    if case.age_months is not None:
        age = tenth(case.age_months)
        items.append(NumContentItem(codes.SUBJECT_AGE, age, codes.MONTHS, relationship_type=_CONTEXT))
    return items


def _separate(container: Dataset) -> None:
    """SEPARATE everywhere: in CONTINUOUS containers renderers leave the labels of numbers out (PS3.3 C.17.3.2.1)."""
    container.ContinuityOfContent = "SEPARATE"
    for item in container.ContentSequence:
        if item.ValueType == "CONTAINER":
            _separate(item)
