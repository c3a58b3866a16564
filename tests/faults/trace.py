"""What a process did to the files below a folder, from strace's record: operations in the order they were finished."""

import codecs
import re
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import psutil

from tests.support import tools

CALLS = (
    *("openat", "write", "pwrite64", "ftruncate", "fsync", "fdatasync", "rename", "renameat", "renameat2"),
    *("unlink", "unlinkat", "mkdir", "mkdirat", "rmdir", "sendto"),
)
LONGEST_WRITE_BYTES = 1 << 24
READY_S = 600.0
ENDING_S = 60.0


@dataclass(frozen=True)
class Create:
    """The file is there, empty where it was not or is truncated."""

    path: str
    truncated: bool


@dataclass(frozen=True)
class Write:
    """Bytes at an offset; None is the end."""

    path: str
    data: bytes
    offset: int | None = None


@dataclass(frozen=True)
class Truncate:
    """The file has this length."""

    path: str
    length: int


@dataclass(frozen=True)
class Sync:
    """The file's content, or the directory's names, are durable."""

    path: str


@dataclass(frozen=True)
class Rename:
    """One name instead of another, in one step."""

    path: str
    to: str


@dataclass(frozen=True)
class Remove:
    """A file or an empty directory is gone."""

    path: str


@dataclass(frozen=True)
class MakeDirectory:
    """A new directory."""

    path: str


@dataclass(frozen=True)
class Promise:
    """The process told somebody: what it had done until then must hold."""

    data: bytes
    path: ClassVar[str] = ""


Operation = Create | Write | Truncate | Sync | Rename | Remove | MakeDirectory | Promise

_TEXT = r'"((?:[^"\\]|\\.)*)"'
_PATTERNS: dict[str, re.Pattern[str]] = {
    "openat": re.compile(rf"\w+(?:<[^>]*>)?, {_TEXT}, ([A-Z_|]+)"),
    "write": re.compile(rf"\d+<([^>]*)>, {_TEXT}, \d+\)"),
    "pwrite64": re.compile(rf"\d+<([^>]*)>, {_TEXT}, \d+, (\d+)\)"),
    "ftruncate": re.compile(r"\d+<([^>]*)>, (\d+)\)"),
    "fsync": re.compile(r"\d+<([^>]*)>\)"),
    "rename": re.compile(rf"(?:\w+(?:<[^>]*>)?, )?{_TEXT}, (?:\w+(?:<[^>]*>)?, )?{_TEXT}"),
    "unlink": re.compile(rf"(?:\w+(?:<[^>]*>)?, )?{_TEXT}"),
    "mkdir": re.compile(rf"(?:\w+(?:<[^>]*>)?, )?{_TEXT}"),
    "sendto": re.compile(rf"\d+<[^>]*>, {_TEXT}"),
}
_SAME = {
    "fdatasync": "fsync",
    "renameat": "rename",
    "renameat2": "rename",
    "unlinkat": "unlink",
    "rmdir": "unlink",
    "mkdirat": "mkdir",
}
_CALL = re.compile(r"^(\w+)\((.*)= (-?\d+)(?:<[^>]*>)?\s*$", re.DOTALL)


def operations(record: str, folder: Path, is_promise: Callable[[bytes], bool]) -> list[Operation]:
    """Those that succeeded in the folder, and every message for which is_promise says so."""
    found: list[Operation] = []
    for line in _whole_lines(record):
        call = _CALL.match(line)
        if call is None or int(call[3]) < 0:
            continue
        made = _operation(_SAME.get(call[1], call[1]), call[2], int(call[3]))
        if made is None:
            continue
        if f"{made.path}/".startswith(f"{folder}/"):
            found.append(made)
        elif isinstance(made, Promise | Write) and is_promise(made.data):
            found.append(Promise(made.data))
    return found


def _whole_lines(record: str) -> Iterator[str]:
    """Calls without their process id; one that another thread interrupted is joined again."""
    begun: dict[str, str] = {}
    for line in record.splitlines():
        pid, _, rest = line.partition(" ")
        rest = rest.lstrip()
        if rest.endswith("<unfinished ...>"):
            begun[pid] = rest.removesuffix("<unfinished ...>").rstrip()
        elif rest.startswith("<... "):
            yield begun.pop(pid, "") + rest.partition(" resumed>")[2]
        else:
            yield rest


def _operation(name: str, arguments: str, result: int) -> Operation | None:
    pattern = _PATTERNS.get(name)
    found = pattern.match(arguments) if pattern else None
    if found is None:
        return None
    first = found[1]
    match name:
        case "openat":
            return Create(first, "O_TRUNC" in found[2]) if "O_CREAT" in found[2] else None
        case "write":
            return Write(first, _bytes(found[2])[:result])
        case "pwrite64":
            return Write(first, _bytes(found[2])[:result], int(found[3]))
        case "ftruncate":
            return Truncate(first, int(found[2]))
        case "fsync":
            return Sync(first)
        case "rename":
            return Rename(first, found[2])
        case "unlink":
            return Remove(first)
        case "mkdir":
            return MakeDirectory(first)
    return Promise(_bytes(first))


def _bytes(escaped: str) -> bytes:
    return codecs.escape_decode(escaped.encode("latin-1"))[0]  # type: ignore[attr-defined, no-any-return]


def traced_to_its_end(command: Sequence[str], record: Path) -> None:
    """Run the command under strace. Raises CalledProcessError."""
    subprocess.run(_strace(command, record), check=True, capture_output=True, timeout=READY_S)


@contextmanager
def traced(command: Sequence[str], record: Path, *, ready: Callable[[], bool]) -> Iterator[None]:
    """Run the command under strace; the block begins when it is ready, SIGTERM ends it."""
    nowhere = subprocess.DEVNULL
    process = subprocess.Popen(_strace(command, record), stdout=nowhere, stderr=nowhere, start_new_session=True)
    try:
        _await(process, ready)
        yield
    finally:
        _end(process)


def _strace(command: Sequence[str], record: Path) -> list[str]:
    options = ["-f", "-y", "-qq", "-s", str(LONGEST_WRITE_BYTES), "-e", f"trace={','.join(CALLS)}", "-e", "signal=none"]
    return [str(tools.require("strace")), *options, "-o", str(record), *command]


def _await(process: "subprocess.Popen[bytes]", ready: Callable[[], bool]) -> None:
    deadline = time.monotonic() + READY_S
    while not ready():
        if process.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError("the traced process does not become ready")
        time.sleep(0.1)


def _end(process: "subprocess.Popen[bytes]") -> None:
    """strace hands no signal on; the traced process is its child."""
    if process.poll() is None:
        for child in psutil.Process(process.pid).children():
            child.send_signal(signal.SIGTERM)
    process.wait(ENDING_S)
