"""The reading in one paragraph, for those who see nothing but the text of the report."""

from dicom_node.report.comparison import REFERENCE, Comparison, compare
from dicom_node.report.words import SEX_WORDS, interval_words, warning_words, years_and_months
from pipelines.contract import ReaderReading, Reading, Sex


def summary(reading: Reading, age_months: float | None) -> str:
    """Bone age with its interval, the comparison with the age, and the warnings, as sentences."""
    sentences = [*_bone_ages(reading), *_comparison(compare(reading, age_months), age_months)]
    return " ".join([*sentences, *(f"{warning_words(warning)}." for warning in reading.warnings)])


def readings_in_front(reading: Reading) -> tuple[ReaderReading, ...]:
    """The primary reading; without a sex, the first reader's for each sex, none before the other."""
    if reading.sex is not None and reading.bone_age_months is not None and reading.interval_months is not None:
        return (ReaderReading(reading.sex, "primary", reading.bone_age_months, reading.interval_months),)
    first: dict[Sex, ReaderReading] = {}
    for one in reading.readings:
        first.setdefault(one.sex, one)
    return tuple(first.values())


def _bone_ages(reading: Reading) -> list[str]:
    return [
        _bone_age(f"Bone age if {SEX_WORDS[one.sex]}" if reading.sex is None else "Bone age", one)
        for one in readings_in_front(reading)
    ]


def _bone_age(name: str, one: ReaderReading) -> str:
    months, (low, high) = one.bone_age_months, one.interval_months
    return (
        f"{name} {years_and_months(months)} ({months:.1f} months), "
        f"95 % interval {interval_words((low, high))} ({low:.1f} to {high:.1f} months)."
    )


def _comparison(comparison: Comparison, age_months: float | None) -> list[str]:
    if age_months is None:
        return []
    sentences = [f"Chronological age {years_and_months(age_months)} ({age_months:.1f} months)."]
    if comparison.difference_months is not None:
        sentences.append(f"Difference {comparison.difference_months:+.1f} months.")
        sentences.append(z_score_words(comparison) + ".")
    return sentences


def z_score_words(comparison: Comparison) -> str:
    """The Z-score with its SD and reference, or that there is none at this age."""
    if comparison.z_score is None or comparison.population_sd_months is None:
        return "No Z-score: age outside the reference table"
    return f"Z-score {comparison.z_score:+.2f} (SD {comparison.population_sd_months:.1f} months, {REFERENCE})"
