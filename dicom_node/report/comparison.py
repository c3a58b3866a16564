"""A bone age beside the child's age: difference, population SD and Z-score, where they are defined."""

from dataclasses import dataclass

from pipelines.contract import Reading, WarningCode
from pipelines.reference import brush

REFERENCE = brush.NAME


@dataclass(frozen=True)
class Comparison:
    """Months, and Z without unit; None where undefined.

    difference_months: bone age minus chronological age; needs one bone age and an age.
    population_sd_months, z_score: need, beside that, an age inside the reference table.
    """

    difference_months: float | None = None
    population_sd_months: float | None = None
    z_score: float | None = None


def compare(reading: Reading, age_months: float | None) -> Comparison:
    """Compare the primary bone age with the chronological age.

    Nothing is defined without sex or age, nor at or beyond the last standard, where a bone age is only a lower bound.
    """
    bone_age_months, sex = reading.bone_age_months, reading.sex
    if bone_age_months is None or sex is None or age_months is None:
        return Comparison()
    if WarningCode.BEYOND_SCALE in reading.warnings:
        return Comparison()
    return Comparison(
        difference_months=bone_age_months - age_months,
        population_sd_months=brush.population_sd_months(sex, age_months),
        z_score=brush.z_score(bone_age_months, sex, age_months),
    )
