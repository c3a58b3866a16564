"""The conformance statement says what the code does."""

from collections import Counter
from pathlib import Path

import pytest
from pynetdicom import AE

from dicom_node import implementation
from dicom_node.operate.conformance.document import TABLES, StatementInvalid, conformance, filled, updated
from dicom_node.report import codes
from pipelines.contract import RefusalCode, WarningCode
from tests.support.receiving import receiving, settings_in

STATEMENT = Path(__file__).parents[2] / "docs" / "conformance" / "statement.md"
SECTIONS = ["1 Overview", "2 Contents", "3 Introduction", "4 Networking", "5 Media interchange"]
SECTIONS += ["6 Transformation to CDA", "7 Character sets", "8 Security", "9 Annexes"]


def test_every_table_of_the_statement_is_what_the_code_says() -> None:
    text = STATEMENT.read_text(encoding="utf-8")
    assert updated(text) == text, "bring it up to date: dicom-node conformance --update docs/conformance/statement.md"


def test_the_tables_of_delivery_are_what_the_code_says() -> None:
    text = (STATEMENT.parents[1] / "operations" / "delivery.md").read_text(encoding="utf-8")
    assert "<!-- table: judged statuses -->" in text
    assert filled(text) == text, "take them from: dicom-node conformance"


def test_the_sections_stand_in_the_standards_order() -> None:
    lines = STATEMENT.read_text(encoding="utf-8").splitlines()
    assert [line.removeprefix("## ") for line in lines if line.startswith("## ")] == SECTIONS


def test_a_table_that_is_unknown_or_missing_is_named() -> None:
    with pytest.raises(StatementInvalid, match=r"unknown tables: colours; missing: .*services"):
        updated("<!-- table: colours -->\n<!-- end -->")


def test_the_command_writes_the_tables_and_nothing_else(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    copy = tmp_path / "statement.md"
    copy.write_text(STATEMENT.read_text().replace("| 1 | Explicit VR Little Endian |", "| 1 | something else |"))
    assert conformance(copy) == 0
    assert copy.read_text() == STATEMENT.read_text()
    assert capsys.readouterr().out.endswith("tables brought up to date\n")
    conformance(None)
    assert [line[3:] for line in capsys.readouterr().out.splitlines() if line.startswith("## ")] == list(TABLES)


def test_no_private_code_means_two_things() -> None:
    made = [codes.warning_code(code) for code in WarningCode] + [codes.refusal_code(code) for code in RefusalCode]
    made += [each for each in vars(codes).values() if getattr(each, "scheme_designator", "") == codes.PRIVATE_SCHEME]
    values = Counter(each.value for each in made if each.scheme_designator == codes.PRIVATE_SCHEME)
    assert [value for value, count in values.items() if count > 1] == []


def test_an_association_names_the_implementation(tmp_path: Path) -> None:
    with receiving(settings_in(tmp_path)) as node:
        ae = AE(ae_title="MODALITY")
        ae.add_requested_context("1.2.840.10008.1.1")
        assoc = ae.associate("127.0.0.1", node.port, ae_title="BONEAGE")
        assert assoc.acceptor.implementation_class_uid == implementation.CLASS_UID
        assert assoc.acceptor.implementation_version_name == implementation.VERSION_NAME
        assoc.release()
