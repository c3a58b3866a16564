"""The report's groups of the whole hand (PS3.16 TID 1410, 4019): the reading, the readers beside it, improved images,
or the reason why there is none (TID 1501). The first group holds the bone age in front."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from highdicom.sr import (
    AlgorithmIdentification,
    CodeContentItem,
    ContentItem,
    ContentSequence,
    FindingSite,
    GraphicTypeValues,
    ImageContentItem,
    ImageRegion,
    Measurement,
    MeasurementsAndQualitativeEvaluations,
    PlanarROIMeasurementsAndQualitativeEvaluations,
    QualitativeEvaluation,
    RelationshipTypeValues,
    SourceImageForMeasurementGroup,
    SourceImageForRegion,
    TextContentItem,
    TrackingIdentifier,
)
from pydicom import Dataset

from dicom_node.report import codes
from dicom_node.report.comparison import compare
from dicom_node.report.contract import AnyCase, ReadCase, RefusedCase, ReportContext
from dicom_node.report.identity import MANUFACTURER
from dicom_node.report.measurements import MODIFIER, assumed_sex, bone_age, tenth, with_interval
from dicom_node.report.subject import hand_laterality
from dicom_node.report.summary import readings_beside, readings_in_front, refusal_summary, summary
from dicom_node.report.uids import ResultUids
from dicom_node.report.words import LATERALITY_WORDS
from pipelines.contract import Enhancement, ModelIdentity, ReaderReading, ScaleEnd

Group = MeasurementsAndQualitativeEvaluations | PlanarROIMeasurementsAndQualitativeEvaluations
_CONTAINS = RelationshipTypeValues.CONTAINS


def hand_groups(case: AnyCase, context: ReportContext, uids: ResultUids, capture: Dataset | None) -> list[Group]:
    """Everything that is said of the whole hand. capture: illustrates the first group; None where there is none."""
    if isinstance(case, RefusedCase):
        return [_refusal_group(case, context, uids, capture)]
    beside = (
        _reader_group(case, context, uids, name, readings) for name, readings in readings_beside(case.reading).items()
    )
    improved = (_enhancement_group(case, context, uids, one) for one in case.reading.enhancements)
    graded = [_maturity_group(case, context, uids)] if case.reading.maturity else []
    return [_reading_group(case, context, uids, capture), *beside, *improved, *graded]


def hand_words(header: Dataset) -> str:
    """The tracking identifier of the hand: "Whole left hand"."""
    laterality = hand_laterality(header)
    return f"Whole {LATERALITY_WORDS[laterality]} hand" if laterality else "Whole hand"


def _reading_group(case: ReadCase, context: ReportContext, uids: ResultUids, capture: Dataset | None) -> Group:
    reading = case.reading
    evaluations = [QualitativeEvaluation(codes.READING_WARNING, codes.warning_code(each)) for each in reading.warnings]
    if reading.quality is not None:
        evaluations.append(QualitativeEvaluation(codes.IMAGE_QUALITY, codes.QUALITIES[reading.quality]))
    group = _group(case, uids, "", _algorithm(reading.models, context), list(_measured(case)), evaluations)
    _close(group, summary(reading, case.age_months), capture)
    return group


def _refusal_group(case: RefusedCase, context: ReportContext, uids: ResultUids, capture: Dataset | None) -> Group:
    reason = QualitativeEvaluation(codes.REFUSAL, codes.refusal_code(case.refusal.code))
    group = _group(case, uids, "", _algorithm(case.refusal.models, context), (), [reason])
    _close(group, refusal_summary(case.refusal), capture)
    return group


def _reader_group(
    case: ReadCase, context: ReportContext, uids: ResultUids, name: str, readings: Sequence[ReaderReading]
) -> Group:
    """What a qualified reader says beside the primary one, under its own algorithm."""
    models = [model for model in case.reading.models if model.name == name]
    measurements = []
    for one in readings:
        told: list[ContentItem] = [TextContentItem(codes.READER, name, MODIFIER)]
        told += [assumed_sex(one.sex)] if case.reading.sex is None else []
        measurements.append(bone_age(one, case.reading.method, told))
    return _group(case, uids, f"reader {name}", _algorithm(models, context, name), measurements, ())


def _enhancement_group(case: ReadCase, context: ReportContext, uids: ResultUids, one: Enhancement) -> Group:
    """Both readings of an image that was improved, and which of them stands in front."""
    sources = ((codes.ORIGINAL, one.original), (codes.IMPROVED, one.improved))
    measurements = []
    for source, reading in sources:
        told = [
            CodeContentItem(codes.IMAGE_READ, source, MODIFIER),
            TextContentItem(codes.IMPROVEMENT, one.method, MODIFIER),
        ]
        measurements.append(bone_age(reading, case.reading.method, told))
    front = QualitativeEvaluation(codes.IN_FRONT, codes.IMPROVED if one.in_front else codes.ORIGINAL)
    return _group(
        case, uids, f"improved by {one.method}", _algorithm(case.reading.models, context), measurements, [front]
    )


def _maturity_group(case: ReadCase, context: ReportContext, uids: ResultUids) -> Group:
    """Total score and bone age of the bones' levels, and where that stands at an end of the scale; one a sex read."""
    measurements: list[Measurement] = []
    ends: dict[ScaleEnd, QualitativeEvaluation] = {}
    for one in case.reading.maturity:
        told = [] if case.reading.sex else [assumed_sex(one.sex)]
        total = Measurement(codes.TOTAL_SCORE, tenth(one.score), codes.NO_UNITS)
        if told:  # an empty sequence is an error (PS3.3 Table C.17-6)
            total[0].ContentSequence = ContentSequence([*told, *total[0].get("ContentSequence", ())])
        method = TextContentItem(codes.BONE_AGE_METHOD, f"{one.scale}: {one.method}", MODIFIER)
        age = with_interval(
            codes.BONE_AGE, one.bone_age_months, one.interval_months, [method, *told], coverage_percent=None
        )
        measurements += [total, age]
        if one.end is not None:
            ends[one.end] = QualitativeEvaluation(codes.SCALE_END, codes.SCALE_ENDS[one.end])
    first = case.reading.maturity[0]
    models = [model for model in case.reading.models if model.name == first.grader]
    return _group(case, uids, first.scale, _algorithm(models, context, first.grader), measurements, list(ends.values()))


def _group(
    case: AnyCase,
    uids: ResultUids,
    what: str,
    algorithm: AlgorithmIdentification,
    measurements: Sequence[Measurement],
    evaluations: Sequence[QualitativeEvaluation],
) -> Group:
    laterality = hand_laterality(case.header)
    name = f"{hand_words(case.header)}, {what}" if what else hand_words(case.header)
    told: dict[str, Any] = {
        "tracking_identifier": TrackingIdentifier(uid=uids.tracking(f"hand {what}".strip()), identifier=name),
        "finding_sites": [FindingSite(codes.HAND, codes.LATERALITIES[laterality] if laterality else None)],
        "algorithm_id": algorithm,
        "measurements": measurements,
        "qualitative_evaluations": evaluations,
    }
    frame = _frame(case.header) if measurements else None
    if frame is not None:
        return PlanarROIMeasurementsAndQualitativeEvaluations(referenced_region=frame, **told)
    source = SourceImageForMeasurementGroup(case.header.SOPClassUID, case.header.SOPInstanceUID)
    return MeasurementsAndQualitativeEvaluations(source_images=[source], **told)


def _frame(header: Dataset) -> ImageRegion | None:
    """The whole image as the place of what is said of the hand: OHIF shows no report of which a part has no place.

    None where the image's size is unknown.
    """
    try:
        rows, columns = int(header.Rows), int(header.Columns)
    except (AttributeError, TypeError, ValueError):
        return None
    corners = np.array([(0, 0), (columns, 0), (columns, rows), (0, rows), (0, 0)], dtype=np.float32)
    source = SourceImageForRegion(header.SOPClassUID, header.SOPInstanceUID)
    return ImageRegion(GraphicTypeValues.POLYLINE, corners, source)


def _close(group: Group, text: str, capture: Dataset | None) -> None:
    if capture is not None:
        group[0].ContentSequence.append(
            ImageContentItem(
                codes.BEST_ILLUSTRATION, capture.SOPClassUID, capture.SOPInstanceUID, relationship_type=_CONTAINS
            )
        )
    group[0].ContentSequence.append(TextContentItem(codes.SUMMARY, text, _CONTAINS))


def _algorithm(models: Sequence[ModelIdentity], context: ReportContext, name: str = "") -> AlgorithmIdentification:
    """TID 4019: the first model by name, every model and the pipeline as parameters."""
    parameters = [f"pipeline {context.pipeline_name}, fingerprint {context.pipeline_fingerprint}"]
    parameters += [f"model {model.name} {model.version}, sha256 {model.sha256}" for model in models]
    first = models[0] if models else None
    return AlgorithmIdentification(
        name=first.name if first else name or context.pipeline_name,
        version=first.version if first else context.software_version,
        manufacturer=MANUFACTURER,
        parameters=parameters,
        family=codes.ARTIFICIAL_INTELLIGENCE,
    )


def _measured(case: ReadCase) -> Iterator[Measurement]:
    reading, comparison = case.reading, compare(case.reading, case.age_months)
    for one in readings_in_front(reading):
        yield bone_age(one, reading.method, [] if reading.sex else [assumed_sex(one.sex)], comparison)
    if case.age_months is not None:
        yield Measurement(codes.CHRONOLOGICAL_AGE, tenth(case.age_months), codes.MONTHS)
    if comparison.difference_months is not None:
        yield Measurement(codes.DIFFERENCE, tenth(comparison.difference_months), codes.MONTHS)
