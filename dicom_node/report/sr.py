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
from pydicom.uid import UID, Comprehensive3DSRStorage, EnhancedSRStorage

from dicom_node.report import codes, identity
from dicom_node.report.bones import bone_groups
from dicom_node.report.contract import AnyCase, BuiltObject, ObjectKind, ReadCase, ReportContext, models_of
from dicom_node.report.findings import hand_groups
from dicom_node.report.library import image_library
from dicom_node.report.measurements import tenth
from dicom_node.report.rendition import PictureCompression
from dicom_node.report.subject import chronological_age_months, patient_sex
from dicom_node.report.summary import superseding_words
from dicom_node.report.uids import ResultUids, derived_uid
from dicom_node.report.words import words_of_use

SERIES_DESCRIPTION = "Bone age report (AI, research use only)"
SOP_CLASSES: Final = {
    ObjectKind.REPORT: Comprehensive3DSRStorage,
    ObjectKind.REPORT_FALLBACK: EnhancedSRStorage,
}
_CLASSES: Final = {ObjectKind.REPORT: Comprehensive3DSR, ObjectKind.REPORT_FALLBACK: EnhancedSR}
_CONTAINS = RelationshipTypeValues.CONTAINS
_CONTEXT = RelationshipTypeValues.HAS_OBS_CONTEXT
_SERIES = "report"


def build_reports(
    case: AnyCase, context: ReportContext, uids: ResultUids, capture: BuiltObject | None
) -> tuple[BuiltObject, ...]:
    """The report and its fallback, with the same content. They refer to the source and the capture.

    capture: the picture that goes with them, None where there is none.
    """
    content = _content(case, context, uids, capture.dataset if capture else None)
    compression = capture.compression if capture else PictureCompression.NONE
    return tuple(
        BuiltObject(kind, _report(kind, content, case, context, uids, capture), compression) for kind in SOP_CLASSES
    )


def _report(
    kind: ObjectKind,
    content: MeasurementReport,
    case: AnyCase,
    context: ReportContext,
    uids: ResultUids,
    capture: BuiltObject | None,
) -> Dataset:
    """One document: complete, final, unverified (PS3.3 C.17.2)."""
    compression = capture.compression if capture else PictureCompression.NONE
    picture = capture.dataset if capture else None
    ds = _CLASSES[kind](
        evidence=[identity.reference(case.header), *([picture] if picture is not None else [])],
        content=content,
        series_instance_uid=uids.series(_SERIES),
        series_number=context.series_number,
        sop_instance_uid=uids.instance(kind, SOP_CLASSES[kind], compression),
        instance_number=1 + list(_CLASSES).index(kind),
        manufacturer=identity.MANUFACTURER,
        is_complete=True,
        is_final=True,
        previous_versions=_superseded(case, SOP_CLASSES[kind], compression),
        series_description=SERIES_DESCRIPTION,
        coding_schemes=[codes.private_scheme(context.software_version)],
        specific_character_set=None,
    )
    identity.complete(ds, case.header, models_of(case), context)
    return ds


def _superseded(case: AnyCase, sop_class_uid: UID, compression: PictureCompression) -> list[Dataset] | None:
    """The one document that this one takes the place of: of its class and compression, as far as there is one."""
    if case.predecessor is None:
        return None
    _, nearest = max(
        case.predecessor.documents, key=lambda one: (one[1].SOPClassUID == sop_class_uid, one[0] == compression)
    )
    return [nearest]


def _content(case: AnyCase, context: ReportContext, uids: ResultUids, capture: Dataset | None) -> MeasurementReport:
    """TID 1500 with image library, what is superseded and words of use, in the template's order."""
    bones = bone_groups(case, uids) if isinstance(case, ReadCase) else []
    report = MeasurementReport(
        observation_context=_observation_context(case, context),
        procedure_reported=codes.BONE_AGE_RADIOGRAPH,
        imaging_measurements=[*hand_groups(case, context, uids, capture), *bones],
    )
    items = report[0].ContentSequence
    items.insert(len(items) - 1, image_library(case.header))
    if case.predecessor is not None:
        items.append(TextContentItem(codes.SUPERSEDES, superseding_words(case.predecessor), _CONTAINS))
    items.append(TextContentItem(codes.COMMENT, words_of_use(context.site_words), _CONTAINS))
    _separate(report[0])
    return report


def _observation_context(case: AnyCase, context: ReportContext) -> ObservationContext:
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


def _subject(case: AnyCase) -> list[ContentItem]:
    """A reading's own sex and age, which may be corrected ones; of a refused image the header's."""
    if isinstance(case, ReadCase):
        sex, age_months = case.reading.sex, case.age_months
    else:
        sex, age_months = patient_sex(case.header), chronological_age_months(case.header)
    items: list[ContentItem] = [
        CodeContentItem(codes.SUBJECT_CLASS, codes.PATIENT, _CONTEXT),
        CodeContentItem(codes.SUBJECT_SEX, codes.SEXES[sex] if sex else codes.UNKNOWN_SEX, _CONTEXT),
    ]
    if age_months is not None:
        items.append(NumContentItem(codes.SUBJECT_AGE, tenth(age_months), codes.MONTHS, relationship_type=_CONTEXT))
    return items


def _separate(container: Dataset) -> None:
    """SEPARATE everywhere: in CONTINUOUS containers renderers leave the labels of numbers out (PS3.3 C.17.3.2.1)."""
    container.ContinuityOfContent = "SEPARATE"
    for item in container.ContentSequence:
        if item.ValueType == "CONTAINER":
            _separate(item)
