"""The answer in one paragraph, for those who see nothing but the text of the report."""

from dicom_node.report.comparison import REFERENCE, Comparison, compare
from dicom_node.report.contract import Predecessor
from dicom_node.report.words import (
    QUALITY_WORDS,
    SCALE_ENDS,
    SEX_WORDS,
    interval_words,
    refusal_words,
    warning_words,
    years_and_months,
)
from pipelines.contract import Enhancement, Maturity, ReaderReading, Reading, Refusal, Sex


def summary(reading: Reading, age_months: float | None) -> str:
    """Bone age with its interval, the comparison with the age, and what else should be known, as sentences."""
    sentences = [*_bone_ages(reading), *_comparison(compare(reading, age_months), age_months)]
    sentences += [
        _bone_age(_conditional(f"Reader {one.reader}", one, reading), one)
        for readings in readings_beside(reading).values()
        for one in readings
    ]
    sentences += [f"Image quality {QUALITY_WORDS[reading.quality]}."] if reading.quality else []
    sentences += [f"{enhancement_words(one)}." for one in reading.enhancements]
    sentences += [f"{maturity_words(one, reading.sex)} ({one.method}; for research)." for one in reading.maturity]
    return " ".join([*sentences, *(f"{warning_words(warning)}." for warning in reading.warnings)])


def refusal_summary(refusal: Refusal) -> str:
    """That there is no reading, and why."""
    detail = refusal.detail.strip().rstrip(".")
    sentences = ["No bone age was read", refusal_words(refusal.code), detail[:1].upper() + detail[1:]]
    return " ".join(f"{sentence}." for sentence in dict.fromkeys(sentences) if sentence)


def superseding_words(predecessor: Predecessor) -> str:
    """What a report supersedes, and why."""
    return f"Supersedes the report of {predecessor.made_at:%Y-%m-%d %H:%M}: {predecessor.reason}."


def readings_in_front(reading: Reading) -> tuple[ReaderReading, ...]:
    """The primary reading; without a sex, the first reader's for each sex, none before the other."""
    if reading.sex is not None and reading.bone_age_months is not None and reading.interval_months is not None:
        return (ReaderReading(reading.sex, "primary", reading.bone_age_months, reading.interval_months),)
    first: dict[Sex, ReaderReading] = {}
    for one in reading.readings:
        first.setdefault(one.sex, one)
    return tuple(first.values())


def readings_beside(reading: Reading) -> dict[str, tuple[ReaderReading, ...]]:
    """By the reader's name: what the qualified readers beside the primary one say, one for each sex that was read."""
    primary = reading.readings[0].reader if reading.readings else ""
    names = dict.fromkeys(one.reader for one in reading.readings if one.qualified and one.reader != primary)
    return {name: tuple(one for one in reading.readings if one.reader == name) for name in names}


def enhancement_words(one: Enhancement) -> str:
    """Both readings of an improved image, the one in front first."""
    original, improved = (f"{each.bone_age_months:.1f} months" for each in (one.original, one.improved))
    if one.in_front:
        return f"Image improved by {one.method}: {improved}, in front; original {original}"
    return f"Original image {original}, in front; improved by {one.method}: {improved}"


def maturity_words(one: Maturity, sex: Sex | None) -> str:
    """Total score and the bone age it says, and which end of the scale that is; sex: that of the reading."""
    name = one.scale if sex else f"{one.scale} if {SEX_WORDS[one.sex]}"
    total = f"{name} total score {one.score:.0f} of {one.most_score}"
    age = f"bone age {years_and_months(one.bone_age_months)} ({one.bone_age_months:.1f} months)"
    if one.end:
        return f"{total}, {age}, {SCALE_ENDS[one.end]}"
    return f"{total}, {age}, the levels leave open {interval_words(one.interval_months)}"


def _bone_ages(reading: Reading) -> list[str]:
    return [_bone_age(_conditional("Bone age", one, reading), one) for one in readings_in_front(reading)]


def _conditional(name: str, one: ReaderReading, reading: Reading) -> str:
    return f"{name} if {SEX_WORDS[one.sex]}" if reading.sex is None else name


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
