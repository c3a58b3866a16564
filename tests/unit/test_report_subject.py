"""Age, sex and side are taken from the header, never guessed."""

import pytest
from pydicom import DataElement, Dataset
from pydicom.config import IGNORE

from dicom_node.report.comparison import compare
from dicom_node.report.subject import chronological_age_months, hand_laterality, patient_sex
from dicom_node.report.words import WARNINGS, words_of_use, years_and_months
from pipelines.contract import Laterality, Sex, WarningCode
from tests.support.headers import reading_of


def header(**values: str) -> Dataset:
    ds = Dataset()
    for keyword, value in values.items():
        element = Dataset()
        setattr(element, keyword, "")
        ds.add(DataElement(element[keyword].tag, element[keyword].VR, value, validation_mode=IGNORE))
    return ds


def test_the_age_is_that_at_the_acquisition() -> None:
    ds = header(PatientBirthDate="20160112", AcquisitionDate="20260112", StudyDate="20300101")
    assert chronological_age_months(ds) == pytest.approx(120, abs=0.05)


def test_without_an_acquisition_date_the_study_date_counts() -> None:
    assert chronological_age_months(header(PatientBirthDate="20160112", StudyDate="20260112")) == pytest.approx(
        120, abs=0.05
    )


def test_a_newborn_is_zero_months_old() -> None:
    assert chronological_age_months(header(PatientBirthDate="20260112", StudyDate="20260112")) == 0


@pytest.mark.parametrize(
    "birth_date", ["", "19000101", "20260113", "18700101", "2016", "20161301", "20150101-20160101", "unknown"]
)
def test_an_implausible_birth_date_gives_no_age(birth_date: str) -> None:
    assert chronological_age_months(header(PatientBirthDate=birth_date, StudyDate="20260112")) is None


def test_without_dates_there_is_no_age() -> None:
    assert chronological_age_months(Dataset()) is None
    assert chronological_age_months(header(PatientBirthDate="20160112")) is None


@pytest.mark.parametrize(("value", "sex"), [("F", Sex.FEMALE), ("m", Sex.MALE), ("O", None), ("", None), ("X", None)])
def test_sex_is_f_or_m_or_unknown(value: str, sex: Sex | None) -> None:
    assert patient_sex(header(PatientSex=value)) == sex


def test_the_side_of_the_image_comes_before_that_of_the_series() -> None:
    assert hand_laterality(header(ImageLaterality="R", Laterality="L")) == Laterality.RIGHT
    assert hand_laterality(header(ImageLaterality="", Laterality="L")) == Laterality.LEFT
    assert hand_laterality(header(ImageLaterality="B")) is None
    assert hand_laterality(Dataset()) is None


def test_the_comparison_takes_sign_and_population_from_the_childs_age() -> None:
    comparison = compare(reading_of(Sex.MALE, bone_age_months=100), 120)
    assert comparison.difference_months == -20
    assert comparison.z_score is not None
    assert comparison.z_score < 0


@pytest.mark.parametrize(
    ("months", "words"), [(123.4, "10 y 3 mo"), (11.4, "11 mo"), (11.6, "1 y 0 mo"), (0, "0 mo"), (-2.2, "-2 mo")]
)
def test_ages_are_told_in_years_and_months(months: float, words: str) -> None:
    assert years_and_months(months) == words


def test_every_warning_has_words_that_fit_a_code_meaning() -> None:
    assert set(WARNINGS) == set(WarningCode)
    assert all(len(words) <= 64 and words.isascii() for words in WARNINGS.values())


def test_the_words_of_use_are_one_sentence_for_all() -> None:
    assert words_of_use() == "Research use only. Not cleared as a medical device. Not for determining legal age."
