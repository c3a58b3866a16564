"""Logs: allow-listed fields, other libraries gated, and no value of a patient whatever happens."""

import ast
import json
import logging
import sys
import threading
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog

from dicom_node import logs
from dicom_node.settings import Logging, LogLevel

LOG_CALLS = {f"log.{level}" for level in ("debug", "info", "warning", "error", "exception")}
PATIENT = "Invented^Patient"


@pytest.fixture(autouse=True)
def restored() -> Iterator[None]:
    """Logging as it was before."""
    root, hooks = logging.getLogger(), (sys.excepthook, threading.excepthook)
    loggers = [root, *map(logging.getLogger, logs.LIBRARIES)]
    before = [(each, list(each.handlers), each.level, each.propagate) for each in loggers]
    yield
    sys.excepthook, threading.excepthook = hooks
    for each, handlers, level, propagate in before:
        each.handlers[:], each.propagate = handlers, propagate
        each.setLevel(level)
    logging.captureWarnings(False)
    structlog.reset_defaults()


def configured(*, json_lines: bool = True, level: LogLevel = LogLevel.INFO) -> None:
    logs.configure(Logging(json_lines=json_lines, level=level), role="receive")


def events(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    captured = capsys.readouterr()
    assert captured.out == ""
    assert PATIENT not in captured.err
    return [json.loads(line) for line in captured.err.splitlines()]


def test_an_event_has_its_name_level_time_role_and_fields(capsys: pytest.CaptureFixture[str]) -> None:
    configured()
    structlog.get_logger("module").info("image_stored", key="ab", seconds=0.5, is_new=True, path=Path("x"))
    (event,) = events(capsys)
    assert event.pop("timestamp").endswith("Z")
    assert event == {
        "event": "image_stored",
        "level": "info",
        "role": "receive",
        "key": "ab",
        "seconds": 0.5,
        "is_new": True,
        "path": "x",
    }


def test_a_field_that_is_not_on_the_list_is_dropped_and_named(capsys: pytest.CaptureFixture[str]) -> None:
    configured()
    structlog.get_logger().info("image_stored", patient_name=PATIENT, key="ab")
    (event,) = events(capsys)
    assert "patient_name" not in event
    assert event["dropped"] == "patient_name"


def test_every_field_that_the_node_logs_is_on_the_list() -> None:
    package = Path(logs.__file__).parent
    for path in package.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and ast.unparse(node.func) in LOG_CALLS:
                unlisted = {each.arg for each in node.keywords if each.arg} - logs.FIELDS - {"exc_info"}
                assert not unlisted, f"{path.relative_to(package)}:{node.lineno}: {unlisted}"


def test_values_are_printable_short_and_of_plain_types(capsys: pytest.CaptureFixture[str]) -> None:
    configured()
    structlog.get_logger().info("e", calling="A\nB\x1b[31m\u00e4", reason="x" * 1000, code={PATIENT: 1}, count=3)
    (event,) = events(capsys)
    assert event["calling"] == "A?B?[31m?"
    assert len(event["reason"]) == logs.LONGEST_VALUE
    assert (event["code"], event["count"]) == ("dict", 3)


def test_text_is_one_line_an_event(capsys: pytest.CaptureFixture[str]) -> None:
    configured(json_lines=False)
    structlog.get_logger().info("image_stored", key="ab", calling="A\nB")
    (line,) = capsys.readouterr().err.splitlines()
    assert "level=info role=receive event=image_stored" in line
    assert "calling=A?B" in line


def test_events_below_the_level_are_silent(capsys: pytest.CaptureFixture[str]) -> None:
    configured(level=LogLevel.WARNING)
    structlog.get_logger().info("image_stored")
    assert events(capsys) == []


def test_an_exception_is_its_type_and_its_place_never_its_text(capsys: pytest.CaptureFixture[str]) -> None:
    configured()
    try:
        raise ValueError(PATIENT)
    except ValueError:
        structlog.get_logger().exception("store_failed")
    (event,) = events(capsys)
    assert event["error"] == "ValueError"
    assert event["where"].startswith("tests.unit.test_logs:")


def test_warnings_of_listed_libraries_pass_and_nothing_else(capsys: pytest.CaptureFixture[str]) -> None:
    configured()
    logging.getLogger("pynetdicom.dul").warning("Connection closed\nby %s", "somebody")
    logging.getLogger("pynetdicom.dul").info("C-STORE of %s", PATIENT)
    logging.getLogger("pydicom").error("a value: %s", PATIENT)
    logging.getLogger("anything").critical(PATIENT)
    (event,) = events(capsys)
    assert (event["event"], event["logger"]) == ("library_warning", "pynetdicom.dul")
    assert event["message"] == "Connection closed"


def test_a_librarys_exception_is_its_type_and_its_place(capsys: pytest.CaptureFixture[str]) -> None:
    configured()
    try:
        raise KeyError(PATIENT)
    except KeyError as error:
        logging.getLogger("pynetdicom.events").exception(error)
        logging.getLogger("dbos").error("failed: %s", PATIENT, exc_info=error)
        logging.getLogger("dbos").error(error)
    found = events(capsys)
    assert [event.get("error", "KeyError") for event in found] == ["KeyError"] * 3
    assert not any("message" in event for event in found)


def test_pythons_warnings_and_uncaught_exceptions_show_no_value(capsys: pytest.CaptureFixture[str]) -> None:
    configured()
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        logging.captureWarnings(False)
        logging.captureWarnings(True)
        warnings.warn(PATIENT, stacklevel=1)
    sys.excepthook(ValueError, ValueError(PATIENT), None)
    (event,) = events(capsys)
    assert (event["event"], event["error"]) == ("uncaught_exception", "ValueError")


def test_dbos_adds_no_handler_of_its_own(capsys: pytest.CaptureFixture[str]) -> None:
    from dbos._logger import init_logger

    configured()
    init_logger()
    assert [type(handler) for handler in logging.getLogger("dbos").handlers] == [logs.LibraryGate]


@pytest.mark.parametrize("quote", ["'", '"'])
def test_what_a_library_quotes_is_a_peers_text_and_is_not_repeated(
    capsys: pytest.CaptureFixture[str], quote: str
) -> None:
    configured()
    logging.getLogger("pynetdicom.acse").error("Invalid value %s%s%s - too long\nmore", quote, PATIENT, quote)
    (event,) = events(capsys)
    assert event["message"] == "Invalid value '...' - too long"
