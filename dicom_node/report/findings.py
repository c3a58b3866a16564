"""The report's measurement group of the whole hand (PS3.16 TID 1501, 300, 310, 311, 4019)."""

from highdicom.sr import (
    AlgorithmIdentification,
    CodeContentItem,
    ContentItem,
    ContentSequence,
    FindingSite,
    ImageContentItem,
    Measurement,
    MeasurementProperties,
    MeasurementsAndQualitativeEvaluations,
    MeasurementStatisticalProperties,
    NumContentItem,
    QualitativeEvaluation,
    RelationshipTypeValues,
    SourceImageForMeasurementGroup,
    TextContentItem,
    TrackingIdentifier,
)
from pydicom import Dataset

from dicom_node.report import codes
from dicom_node.report.comparison import REFERENCE, Comparison, compare
from dicom_node.report.contract import ReadCase, ReportContext
from dicom_node.report.identity import MANUFACTURER
from dicom_node.report.subject import hand_laterality
from dicom_node.report.summary import readings_in_front, summary
from dicom_node.report.uids import ResultUids
from dicom_node.report.words import LATERALITY_WORDS
from pipelines.contract import ReaderReading, Reading, Sex

INTERVAL_COVERAGE_PERCENT = 95
_CONTAINS = RelationshipTypeValues.CONTAINS
_MODIFIER = RelationshipTypeValues.HAS_CONCEPT_MOD
_PROPERTY = RelationshipTypeValues.HAS_PROPERTIES


def hand_group(
    case: ReadCase, context: ReportContext, uids: ResultUids, capture: Dataset
) -> MeasurementsAndQualitativeEvaluations:
    """Everything that is said of the hand, with the capture as its best illustration."""
    laterality = hand_laterality(case.header)
    side = f"{LATERALITY_WORDS[laterality]} " if laterality else ""
    group = MeasurementsAndQualitativeEvaluations(
        tracking_identifier=TrackingIdentifier(uid=uids.tracking("hand"), identifier=f"Whole {side}hand"),
        finding_sites=[FindingSite(codes.HAND, codes.LATERALITIES[laterality] if laterality else None)],
        algorithm_id=_algorithm(case.reading, context),
        measurements=_measurements(case),
        qualitative_evaluations=[
            QualitativeEvaluation(codes.READING_WARNING, codes.warning_code(warning))
            for warning in case.reading.warnings
        ],
        source_images=[SourceImageForMeasurementGroup(case.header.SOPClassUID, case.header.SOPInstanceUID)],
    )
    group[0].ContentSequence.extend(_closing(case, capture))
    return group


def _closing(case: ReadCase, capture: Dataset) -> list[ContentItem]:
    text = summary(case.reading, case.age_months)
    return [
        ImageContentItem(
            codes.BEST_ILLUSTRATION, capture.SOPClassUID, capture.SOPInstanceUID, relationship_type=_CONTAINS
        ),
        TextContentItem(codes.SUMMARY, text, _CONTAINS),
    ]


def _algorithm(reading: Reading, context: ReportContext) -> AlgorithmIdentification:
    """TID 4019: the first model by name, every model and the pipeline as parameters."""
    parameters = [f"pipeline {context.pipeline_name}, fingerprint {context.pipeline_fingerprint}"]
    parameters += [f"model {model.name} {model.version}, sha256 {model.sha256}" for model in reading.models]
    first = reading.models[0] if reading.models else None
    return AlgorithmIdentification(
        name=first.name if first else context.pipeline_name,
        version=first.version if first else context.software_version,
        manufacturer=MANUFACTURER,
        parameters=parameters,
        family=codes.ARTIFICIAL_INTELLIGENCE,
    )


def _measurements(case: ReadCase) -> list[Measurement]:
    reading, comparison = case.reading, compare(case.reading, case.age_months)
    assumed = reading.sex is None
    items = [
        _bone_age(one, reading.method, comparison, one.sex if assumed else None) for one in readings_in_front(reading)
    ]
    if case.age_months is not None:
        items.append(Measurement(codes.CHRONOLOGICAL_AGE, tenth(case.age_months), codes.MONTHS))
    if comparison.difference_months is not None:
        items.append(Measurement(codes.DIFFERENCE, tenth(comparison.difference_months), codes.MONTHS))
    return items


def _bone_age(one: ReaderReading, method: str, comparison: Comparison, assumed: Sex | None) -> Measurement:
    """TID 300: bone age with its method, its interval and its place in the population."""
    value, (low, high) = tenth(one.bone_age_months), (tenth(bound) for bound in one.interval_months)
    item = Measurement(
        codes.BONE_AGE,
        value,
        codes.MONTHS,
        properties=MeasurementProperties(
            measurement_statistical_properties=_statistics(comparison),
            upper_measurement_uncertainty=tenth(high - value),
            lower_measurement_uncertainty=tenth(value - low),
        ),
    )
    content = item[0].ContentSequence
    for child in content:
        if child.name in (codes.UPPER_UNCERTAINTY, codes.LOWER_UNCERTAINTY):
            # highdicom writes "no units"; the range has those of the measurement (PS3.16 TID 310)
            child.MeasuredValueSequence[0].MeasurementUnitsCodeSequence = [item.unit]
    content.append(NumContentItem(codes.COVERAGE, INTERVAL_COVERAGE_PERCENT, codes.PERCENT, None, _PROPERTY))
    modifiers: list[ContentItem] = [TextContentItem(codes.BONE_AGE_METHOD, method or "not stated", _MODIFIER)]
    if assumed is not None:
        modifiers.append(CodeContentItem(codes.ASSUMED_SEX, codes.SEXES[assumed], _MODIFIER))
    item[0].ContentSequence = ContentSequence([*modifiers, *content])
    return item


def _statistics(comparison: Comparison) -> MeasurementStatisticalProperties | None:
    """TID 311: population SD and Z-score, with the reference they are of."""
    if comparison.population_sd_months is None or comparison.z_score is None:
        return None
    sd_months, z_score = round(comparison.population_sd_months, 2), round(comparison.z_score, 2)
    return MeasurementStatisticalProperties(
        values=[
            NumContentItem(codes.POPULATION_SD, sd_months, codes.MONTHS, relationship_type=_PROPERTY),
            NumContentItem(codes.Z_SCORE, z_score, codes.NO_UNITS, relationship_type=_PROPERTY),
        ],
        authority=REFERENCE,
    )


def tenth(months: float) -> float:
    """Months to a tenth, three days: finer digits would claim what no reader has."""
    return round(float(months), 1)
