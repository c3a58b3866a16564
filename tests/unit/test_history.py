"""What the node knows of a patient's earlier exposures: by a hash, without a name, the days before this one alone."""

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from dicom_node.report.contract import EarlierReading
from dicom_node.report.subject import patient_key
from dicom_node.spool.history import earlier_readings, note_reading
from dicom_node.spool.layout import Layout
from tests.support.headers import dx_header, sparse_header

KEY = "ab" * 32
FIRST = EarlierReading(84.2, 78.0, date(2022, 11, 9))
SECOND = EarlierReading(101.0, 98.5, date(2024, 4, 2))


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    layout = Layout(tmp_path)
    note_reading(layout, KEY, "2.25.2", SECOND)
    note_reading(layout, KEY, "2.25.1", FIRST)
    return layout


def test_earlier_days_come_back_the_oldest_first(layout: Layout) -> None:
    assert earlier_readings(layout, KEY, date(2026, 1, 12)) == (FIRST, SECOND)


def test_neither_the_same_day_nor_later_ones_are_earlier(layout: Layout) -> None:
    assert earlier_readings(layout, KEY, SECOND.on) == (FIRST,)
    assert earlier_readings(layout, KEY, FIRST.on) == ()


def test_another_patient_has_no_part_in_it(layout: Layout) -> None:
    assert earlier_readings(layout, "cd" * 32, date(2026, 1, 12)) == ()


def test_a_repeated_reading_of_an_image_takes_the_place_of_the_first(layout: Layout) -> None:
    again = replace(FIRST, bone_age_months=80.0)
    note_reading(layout, KEY, "2.25.1", again)
    assert earlier_readings(layout, KEY, date(2026, 1, 12)) == (again, SECOND)


def test_a_file_that_is_none_of_ours_is_passed_over(layout: Layout) -> None:
    for name, text in (("a.json", "{"), ("b.json", "[]"), ("c.json", '{"on": "x"}')):
        (layout.patient(KEY) / name).write_text(text)
    assert earlier_readings(layout, KEY, date(2026, 1, 12)) == (FIRST, SECOND)


def test_neither_names_nor_numbers_of_a_patient_stand_in_the_path_or_the_file() -> None:
    header = dx_header()
    key = patient_key(header)
    assert key is not None
    assert len(key) == 64
    assert not any(str(value) in key for value in (header.PatientID, header.PatientBirthDate))


def test_a_patient_is_known_by_id_issuer_and_birth_date_together() -> None:
    same, other_issuer = dx_header(name="Anders^Name"), dx_header()
    other_issuer.IssuerOfPatientID = "ELSEWHERE"
    keys = [patient_key(each) for each in (dx_header(), same, other_issuer, dx_header(birth_date="20151105"))]
    assert keys[0] == keys[1]
    assert len(set(keys)) == 3


def test_an_image_that_names_nobody_has_no_history() -> None:
    assert patient_key(sparse_header()) is None
