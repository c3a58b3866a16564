"""What the panel of a picture says: the bone age first and largest, then what it is held against, then its origin."""

from collections.abc import Sequence

from dicom_node.report import panel
from dicom_node.report.bone_chart import draw_bone_ages, draw_levels
from dicom_node.report.comparison import REFERENCE, Comparison, compare
from dicom_node.report.contract import EarlierReading
from dicom_node.report.growth import Marks, draw_growth
from dicom_node.report.maturity_curve import draw_curve
from dicom_node.report.panel import Column
from dicom_node.report.summary import enhancement_words, maturity_words, readings_beside, readings_in_front
from dicom_node.report.words import (
    LATERALITY_WORDS,
    QUALITY_WORDS,
    SEX_WORDS,
    interval_words,
    refusal_words,
    warning_words,
    words_of_use,
    years_and_months,
)
from pipelines.contract import Laterality, ReaderReading, Reading, Refusal, WarningCode

TITLE = "AUTOMATIC BONE AGE"


def write_reading(
    column: Column,
    reading: Reading,
    age_months: float | None,
    laterality: Laterality | None,
    earlier: Sequence[EarlierReading],
) -> None:
    """The reading in a column: bone age, growth plot, comparison, what else should be known, and single bones."""
    column.text(TITLE, 0.85, panel.QUIET, leading=1.7)
    mature = WarningCode.BEYOND_SCALE in reading.warnings
    for one in readings_in_front(reading):
        _write_bone_age(column, one, f"If {SEX_WORDS[one.sex]}" if reading.sex is None else "", mature)
    _write_growth(column, reading, age_months, earlier, mature)
    column.rule()
    _write_subject(column, reading, age_months, laterality)
    _write_beside(column, reading)
    for warning in reading.warnings:
        column.gap(0.3)
        column.text(warning_words(warning), 1.0, panel.WARNING)
    _write_bones(column, reading)


def write_refusal(column: Column, refusal: Refusal) -> None:
    """That there is no reading, and why."""
    column.text(TITLE, 0.85, panel.QUIET, leading=1.7)
    column.text("Not read", 3.4, panel.WARNING, leading=1.3)
    column.gap(0.4)
    column.text(refusal_words(refusal.code), 1.3, panel.TEXT)
    column.gap(0.4)
    detail = refusal.detail.strip()
    column.text(detail[:1].upper() + detail[1:], 1.0, panel.QUIET)


def write_origin(
    column: Column, answer: Reading | Refusal, pipeline_name: str, software_version: str, site_words: str
) -> None:
    """Software, pipeline, method and models, then the words of use."""
    node = " ".join(part for part in ("dicom-node", software_version) if part)
    column.text(f"{node}, pipeline {pipeline_name}" if pipeline_name else node, 0.8, panel.QUIET)
    if isinstance(answer, Reading) and answer.method:
        column.text(f"Method: {answer.method}", 0.8, panel.QUIET)
    for model in answer.models:
        column.text(f"Model: {model.name} {model.version}, sha256 {model.sha256[:12]}", 0.8, panel.QUIET)
    column.gap(0.5)
    column.text(words_of_use(site_words), 1.0, panel.TEXT)


def _write_bone_age(column: Column, one: ReaderReading, condition: str, mature: bool) -> None:
    if condition:
        column.text(condition, 1.0, panel.QUIET)
    months, (low, high) = one.bone_age_months, one.interval_months
    if mature and not condition:
        column.text("mature", 3.8, panel.READING, leading=1.22)
        column.text("at or beyond the last standard", 1.15)
        column.text(f"read as {years_and_months(months)} ({months:.1f} months), a lower bound", 1.0, panel.QUIET)
    else:
        column.text(years_and_months(months), 2.4 if condition else 3.8, panel.READING, leading=1.22)
        column.text(f"{months:.1f} months", 1.15)
        column.text(f"95 % interval {interval_words((low, high))} ({low:.0f} to {high:.0f} mo)", 1.0, panel.QUIET)
    column.gap(0.4)


def _write_growth(
    column: Column, reading: Reading, age_months: float | None, earlier: Sequence[EarlierReading], mature: bool
) -> None:
    rows = tuple(
        (SEX_WORDS[one.sex] if reading.sex is None else "", one.bone_age_months, one.interval_months)
        for one in readings_in_front(reading)
    )
    if rows:
        column.gap(0.5)
        draw_growth(column, Marks(rows, age_months, reading.sex, tuple(earlier), mature))


def _write_subject(column: Column, reading: Reading, age_months: float | None, laterality: Laterality | None) -> None:
    hand = LATERALITY_WORDS[laterality] if laterality else "side not stated"
    column.row("Sex, hand", f"{SEX_WORDS[reading.sex] if reading.sex else 'not known'}, {hand}")
    if age_months is None:
        column.row("Chronological age", "not known")
    else:
        column.row("Chronological age", f"{years_and_months(age_months)} ({age_months:.1f} months)", panel.AGE)
        _write_comparison(column, compare(reading, age_months))
    if reading.quality is not None:
        column.row("Image quality", QUALITY_WORDS[reading.quality])


def _write_comparison(column: Column, comparison: Comparison) -> None:
    if comparison.difference_months is not None:
        column.row("Difference", f"{comparison.difference_months:+.1f} months")
    if comparison.z_score is not None and comparison.population_sd_months is not None:
        column.row("Z-score", f"{comparison.z_score:+.2f} (SD {comparison.population_sd_months:.1f} months)")
        column.row("Reference", REFERENCE)
    elif comparison.difference_months is not None:
        column.row("Z-score", "none: outside the reference table")


def _write_bones(column: Column, reading: Reading) -> None:
    """What readers of single bones say, where a pipeline asked them: ages, and levels with the curve of their total."""
    if any(bone.bone_age_months is not None and bone.interval_months is not None for bone in reading.bones):
        column.rule()
        draw_bone_ages(column, reading)
    if reading.maturity:
        column.rule()
        if any(bone.level is not None for bone in reading.bones):
            draw_levels(column, reading.bones, reading.maturity[0].scale)
        draw_curve(column, reading.maturity)
        for one in reading.maturity:
            column.text(f"{maturity_words(one, reading.sex)}.", 1.0)
        column.text(f"For research: {reading.maturity[0].method}.", 0.8, panel.QUIET)


def _write_beside(column: Column, reading: Reading) -> None:
    """The readers that stand beside the primary one, and both readings of an improved image."""
    for name, readings in readings_beside(reading).items():
        for one in readings:
            condition = f" if {SEX_WORDS[one.sex]}" if reading.sex is None else ""
            months = f"{years_and_months(one.bone_age_months)} ({one.bone_age_months:.1f} months){condition}"
            column.row("Beside it", f"{name}: {months}")
    for enhancement in reading.enhancements:
        column.gap(0.3)
        column.text(enhancement_words(enhancement), 0.9, panel.QUIET)
