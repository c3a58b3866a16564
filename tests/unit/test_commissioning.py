"""Kept readings beside a radiologist's: what was entered, what is joined, and whether it is enough."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
import yaml

from dicom_node.operate.commissioning.pairs import join
from dicom_node.operate.commissioning.radiologist import EntriesInvalid, Entry, read_entries
from dicom_node.operate.commissioning.run import TooFewReadings, write_form, write_report
from dicom_node.operate.commissioning.sufficiency import shortages, uncovered
from dicom_node.settings import load
from dicom_node.spool.commissioned import KeptReading, keep_reading, kept_readings
from dicom_node.spool.layout import Layout
from models.calibration_run import read_cases
from models.data.labels import Label
from models.evaluation.agreement import agreement, limit_error

NOON = datetime(2026, 1, 12, 12, tzinfo=UTC)


def kept(number: int, months: float | None = 100.0, sex: str = "F", **values: object) -> KeptReading:
    interval = None if months is None else (months - 12, months + 12)
    row = KeptReading(
        f"{number:064x}"[::-1], f"2.25.{number}", NOON + timedelta(minutes=number), "hands", "cd" * 32, sex, months,
        interval,
    )  # fmt: skip
    return replace(row, **values)  # type: ignore[arg-type]


def entries(tmp_path: Path, text: str) -> tuple[Entry, ...]:
    path = tmp_path / "form.csv"
    path.write_text(text, encoding="utf-8")
    return read_entries(path)


def test_a_filled_form_is_read_line_by_line_and_empty_lines_are_left_out(tmp_path: Path) -> None:
    text = "id,sop_instance_uid,reader,bone_age_months\nab12,2.25.1,,120.5\ncd34,2.25.2,,\n"
    assert entries(tmp_path, text) == (Entry(2, "2.25.1", 120.5),)


@pytest.mark.parametrize(
    "text", ["\ufeffID;Bone_Age_Months\nabcd1234;125,5\n", "id\tbone_age_months\nabcd1234\t125.5\n"]
)
def test_what_a_spreadsheet_saves_is_understood(tmp_path: Path, text: str) -> None:
    assert entries(tmp_path, text) == (Entry(2, "abcd1234", 125.5),)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("image,age\n1,2\n", ":1: needs the columns bone_age_months and sop_instance_uid or id; has image, age"),
        ("", ":1: needs the columns"),
        ("id,bone_age_months\n,120\n", ":2: a bone age without"),
        ("id,bone_age_months\nab,ten years\n", ":2: bone_age_months is no number"),
        ("id,bone_age_months\nab,120\nab,130\n", ":3: the image of line 2 again"),
        ("id,bone_age_months\nab,1200\n", ":2: bone_age_months is 1200"),
    ],
)
def test_a_line_that_cannot_be_meant_is_named(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(EntriesInvalid) as caught:
        entries(tmp_path, text)
    assert said in str(caught.value)


def test_entries_join_by_uid_or_id_and_several_readers_are_averaged() -> None:
    rows = [kept(1), kept(2), kept(3, None, "", refusal="flat"), kept(4, None, ""), kept(5)]
    said = [
        Entry(2, "2.25.1", 90, "A"), Entry(3, "2.25.1", 100, "B"), Entry(4, rows[1].key[:12].upper(), 110),
        Entry(5, "2.25.3", 80), Entry(6, "2.25.4", 80), Entry(7, "2.25.99", 80),
    ]  # fmt: skip
    joined = join(rows, said)
    assert [(each.kept.key, each.radiologist_months, each.readers) for each in joined.pairs] == [
        (rows[0].key, 95, 2),
        (rows[1].key, 110, 1),
    ]
    assert (joined.unknown, joined.refused, joined.without_sex, joined.not_entered) == ((7,), 1, 1, 1)
    assert joined.inside.tolist() == [True, True]


def test_of_an_image_that_was_read_again_the_latest_row_counts(tmp_path: Path) -> None:
    layout = Layout(tmp_path)
    for row in (kept(1), kept(2), kept(3, 50.0, sop_instance_uid="2.25.1"), kept(2)):
        keep_reading(layout, row)
    assert [row.bone_age_months for row in kept_readings(layout)] == [100.0, 50.0]


def labels(girls: int, boys: int, months: float = 100.0) -> list[Label]:
    return [Label(n, months, "F" if n < girls else "M", 0) for n in range(girls + boys)]


def test_the_numbers_are_enough_only_with_enough_of_each_sex_and_age() -> None:
    assert shortages(labels(50, 50)) == []
    assert [str(each) for each in shortages(labels(80, 10))] == [
        "all images: 90 of at least 100",
        "male: 10 of at least 40",
    ]
    few_toddlers = [*labels(50, 50), Label(200, 30, "F", 0)]
    assert [str(each) for each in shortages(few_toddlers)] == ["0-36 months: 1 of at least 10"]
    assert uncovered(labels(50, 50)) == [
        "0-36 months",
        "36-72 months",
        "108-144 months",
        "144-180 months",
        "180-216 months",
    ]


def test_the_limits_of_agreement_hold_what_they_should() -> None:
    difference = np.random.default_rng(0).normal(3, 8, 4000)
    found = agreement(difference)
    assert found.bias.low < 3 < found.bias.high
    assert found.lower.low < 3 - 1.96 * 8 < found.lower.high
    assert found.upper.low < 3 + 1.96 * 8 < found.upper.high
    assert limit_error(100) * 1.984 == pytest.approx(0.34, abs=0.005)
    with pytest.raises(ValueError, match="three pairs"):
        agreement(difference[:2])


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "node.yaml"
    path.write_text(yaml.safe_dump({"storage": {"directory": "state"}}))
    return path


def fill(config: Path, count: int) -> Path:
    """A node that reads five months too old, and its form filled in."""
    layout = Layout(load(config).storage.directory)
    lines = ["sop_instance_uid,bone_age_months"]
    for number in range(count):
        truth = 20.0 + 190 * number / count
        keep_reading(layout, kept(number, truth + 5 + (number % 7 - 3), "FM"[number % 2]))
        lines.append(f"2.25.{number},{truth:.1f}")
    form = config.parent / "filled.csv"
    form.write_text("\n".join(lines))
    return form


def test_the_report_says_bias_limits_and_that_the_numbers_are_enough(
    config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output = config.parent / "out"
    assert write_report(config, fill(config, 120), output) == 0
    assert capsys.readouterr().out.startswith("**Enough**")
    text = (output / "agreement.md").read_text()
    assert "The node reads older by 5.0 months" in text
    assert "| female, 36-72 months |" in text
    assert "held the radiologist's age in 100.0%" in text
    assert (output / "bland-altman.png").stat().st_size > 1000
    cases = read_cases(output / "pairs.csv")
    assert len(cases) == 120
    assert float((cases.predicted - cases.truth).mean()) == pytest.approx(5, abs=0.1)


def test_too_few_pairs_are_said_plainly(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_report(config, fill(config, 12), config.parent / "out")
    assert capsys.readouterr().out.startswith(
        "**Not enough.** Too few pairs of all images: 12 of at least 100; male: 6"
    )


def test_nothing_to_compare_is_an_error_that_says_so(config: Path) -> None:
    with pytest.raises(TooFewReadings, match="no reading is kept"):
        write_form(config, config.parent / "form.csv")
    form = fill(config, 5)
    form.write_text("id,bone_age_months\nffffffffffff,100\n")
    with pytest.raises(TooFewReadings, match="1 lines name no kept reading"):
        write_report(config, form, config.parent / "out")


def test_the_form_names_each_image_and_no_reading(config: Path) -> None:
    fill(config, 3)
    form = config.parent / "form.csv"
    write_form(config, form)
    heading, *lines = form.read_text().splitlines()
    assert heading == "id,sop_instance_uid,reader,bone_age_months"
    assert [line.split(",")[1:] for line in lines] == [[f"2.25.{n}", "", ""] for n in range(3)]
    assert read_entries(form) == ()
