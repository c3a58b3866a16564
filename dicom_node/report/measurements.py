"""A bone age as a measurement, with its interval and its place in the population (PS3.16 TID 300, 310, 311)."""

from collections.abc import Sequence

from highdicom.sr import (
    CodeContentItem,
    ContentItem,
    ContentSequence,
    Measurement,
    MeasurementProperties,
    MeasurementStatisticalProperties,
    NumContentItem,
    RelationshipTypeValues,
    TextContentItem,
)
from pydicom.sr.coding import Code

from dicom_node.report import codes
from dicom_node.report.comparison import REFERENCE, Comparison
from pipelines.contract import ReaderReading, Sex

INTERVAL_COVERAGE_PERCENT = 95
MODIFIER = RelationshipTypeValues.HAS_CONCEPT_MOD
_PROPERTY = RelationshipTypeValues.HAS_PROPERTIES


def bone_age(
    one: ReaderReading, method: str, modifiers: Sequence[ContentItem] = (), comparison: Comparison | None = None
) -> Measurement:
    """Bone age in months with method, interval, its coverage, and population SD and Z-score where compared."""
    told: list[ContentItem] = [TextContentItem(codes.BONE_AGE_METHOD, method or "not stated", MODIFIER), *modifiers]
    return with_interval(codes.BONE_AGE, one.bone_age_months, one.interval_months, told, comparison)


def with_interval(
    concept: Code,
    months: float,
    interval_months: tuple[float, float],
    modifiers: Sequence[ContentItem] = (),
    comparison: Comparison | None = None,
    coverage_percent: int | None = INTERVAL_COVERAGE_PERCENT,
) -> Measurement:
    """Months with their interval, its coverage, and population SD and Z-score where compared.

    coverage_percent: None where what the interval covers was not measured.
    """
    value, (low, high) = tenth(months), (tenth(bound) for bound in interval_months)
    item = Measurement(
        concept,
        value,
        codes.MONTHS,
        properties=MeasurementProperties(
            measurement_statistical_properties=_statistics(comparison or Comparison()),
            upper_measurement_uncertainty=tenth(high - value),
            lower_measurement_uncertainty=tenth(value - low),
        ),
    )
    content = item[0].ContentSequence
    for child in content:
        if child.name in (codes.UPPER_UNCERTAINTY, codes.LOWER_UNCERTAINTY):
            # highdicom writes "no units"; the range has those of the measurement (PS3.16 TID 310)
            child.MeasuredValueSequence[0].MeasurementUnitsCodeSequence = [item.unit]
    if coverage_percent is not None:
        content.append(NumContentItem(codes.COVERAGE, coverage_percent, codes.PERCENT, None, _PROPERTY))
    item[0].ContentSequence = ContentSequence([*modifiers, *content])
    return item


def assumed_sex(sex: Sex) -> ContentItem:
    """The modifier of a bone age that holds for one sex only."""
    return CodeContentItem(codes.ASSUMED_SEX, codes.SEXES[sex], MODIFIER)


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
