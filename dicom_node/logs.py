"""Logs: an event name and allow-listed fields, a line each on standard error, never with patient data.

Loggers are `structlog.get_logger(__name__)`. A field that is not on the list is dropped, and the line says so. Other
libraries' messages pass only from a few loggers, from warning upwards, without their exceptions' texts: those quote
the values they choke on.
"""

import logging
import re
import sys
import threading
from collections.abc import Mapping, MutableMapping
from enum import Enum
from pathlib import Path
from types import TracebackType
from typing import Any

import structlog

from dicom_node import settings

FIELDS = frozenset(
    {
        # what
        "key", "kind", "code", "status", "reason", "stage", "route", "pipeline", "model", "version", "sha256",
        "fingerprint", "role", "process", "pid", "exit_status", "exit_code", "device", "warnings", "sop_class",
        "candidate", "verdict", "is_new", "finished", "priority", "logger", "where", "message", "error", "job",
        "executor", "probabilities", "scores",
        # who and where to
        "calling", "called", "ae_title", "host", "port", "configured", "destination", "peer", "path",
        # how much, how long
        "count", "attempt", "attempts", "images", "batch", "queued", "size_bytes", "free_mib", "seconds",
        "delay_s", "timeout_s", "megabytes", "frames",
    }
)  # fmt: skip
"""Names of fields that may be logged. None may carry a patient's name, number, birth date, or a peer's free text."""
OWN = frozenset({"event", "level", "timestamp"})
LIBRARIES = ("pynetdicom", "dbos")
"""Loggers of others whose warnings are worth reading."""
LONGEST_VALUE = 300
_QUOTED = re.compile(r"""'.*'|".*\"""")

EventDict = MutableMapping[str, Any]


def configure(chosen: settings.Logging, *, role: str) -> None:
    """Send this process's logs to standard error, each line with its role."""
    level = getattr(logging, chosen.level.upper())
    renderer = structlog.processors.JSONRenderer() if chosen.json_lines else _text_renderer()
    structlog.contextvars.clear_contextvars()
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _role(role),
            name_exception,
            allow_listed,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.WriteLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=False,
    )
    _gate_libraries()
    sys.excepthook = _log_uncaught
    threading.excepthook = lambda args: _log_uncaught(args.exc_type, args.exc_value, args.exc_traceback)


def allow_listed(_logger: Any, _method: str, event: EventDict) -> EventDict:
    """Drop fields that are not on the list, and name them; make values printable and short."""
    dropped = sorted(set(event) - FIELDS - OWN)
    kept = {name: _printable(value) for name, value in event.items() if name in FIELDS | OWN}
    return {**kept, "dropped": ",".join(dropped)} if dropped else kept


def name_exception(_logger: Any, _method: str, event: EventDict) -> EventDict:
    """Of an exception only its type and the line that raised it: its text may quote values."""
    exc_info = event.pop("exc_info", None)
    error = sys.exc_info()[1] if exc_info is True else exc_info
    if isinstance(error, tuple):
        error = error[1]
    if isinstance(error, BaseException):
        event["error"], event["where"] = type(error).__name__, _where(error.__traceback__)
    return event


class LibraryGate(logging.Handler):
    """Turns a library's log record into an event of ours, or drops it."""

    def emit(self, record: logging.LogRecord) -> None:
        """Warnings and errors of the listed loggers pass; an exception passes as its type and place."""
        if record.levelno < logging.WARNING or record.name.partition(".")[0] not in LIBRARIES:
            return
        fields: dict[str, Any] = {"logger": record.name, "where": f"{record.module}:{record.lineno}"}
        error = record.exc_info[1] if record.exc_info else None
        if error is None and not isinstance(record.msg, BaseException):
            fields["message"] = _without_quotations(record.getMessage())
        elif error is not None:
            fields |= {"error": type(error).__name__, "where": _where(error.__traceback__)}
        structlog.get_logger().warning("library_warning", **fields)


def _gate_libraries() -> None:
    """The gate is the only handler: records of every library end there. Python's warnings become records too."""
    logging.captureWarnings(True)
    root = logging.getLogger()
    root.handlers[:] = [LibraryGate()]
    root.setLevel(logging.WARNING)
    for name in LIBRARIES:
        library = logging.getLogger(name)
        library.handlers[:] = [LibraryGate()]  # dbos would add a handler of its own where it finds none
        library.propagate = False
        library.setLevel(logging.WARNING)


def _log_uncaught(kind: type[BaseException], error: BaseException | None, traceback: TracebackType | None) -> None:
    if issubclass(kind, KeyboardInterrupt):
        return
    structlog.get_logger().error("uncaught_exception", error=kind.__name__, where=_where(traceback))


def _role(role: str) -> structlog.types.Processor:
    def add(_logger: Any, _method: str, event: EventDict) -> EventDict:
        event["role"] = role
        return event

    return add


def _text_renderer() -> structlog.types.Processor:
    return structlog.processors.LogfmtRenderer(key_order=["timestamp", "level", "role", "event"])


def _printable(value: Any) -> Any:
    """Numbers as they are, text as printable ASCII; of anything else the name of its type."""
    if isinstance(value, Enum):
        value = value.value
    if value is None or isinstance(value, (bool, int, float)):
        return value
    if isinstance(value, (list, tuple, set, frozenset)) and not isinstance(value, Mapping):
        return ",".join(str(_printable(each)) for each in value)[:LONGEST_VALUE]
    if isinstance(value, (str, Path)):
        return "".join(c if " " <= c <= "~" else "?" for c in str(value)[:LONGEST_VALUE])
    return type(value).__name__


def _without_quotations(message: str) -> str:
    """The first line, and nothing of what it quotes: that is a peer's."""
    return _QUOTED.sub("'...'", message.partition("\n")[0])


def _where(traceback: TracebackType | None) -> str:
    """module:line of the innermost frame."""
    if traceback is None:
        return ""
    while traceback.tb_next is not None:
        traceback = traceback.tb_next
    return f"{traceback.tb_frame.f_globals.get('__name__', '?')}:{traceback.tb_lineno}"
