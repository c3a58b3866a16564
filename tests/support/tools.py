"""Other people's command-line tools, and where the radiographs lie: found, required, or a reason to skip."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGES = {
    "Orthanc": "orthanc",
    "storescu": "dcmtk",
    "storescp": "dcmtk",
    "echoscu": "dcmtk",
    "dcmdump": "dcmtk",
    "dsrdump": "dcmtk",
    "dsr2html": "dcmtk",
    "dcmdjpeg": "dcmtk",
    "dcmqrscp": "dcmtk",
    "findscu": "dcmtk",
    "movescu": "dcmtk",
    "dciodvfy": "dicom3tools",
    "node": "nodejs",
    "chromium": "chromium",
    "initdb": "postgresql",
    "pg_ctl": "postgresql",
    "strace": "strace",
}
"""Debian's package of each command."""

MARKED = {
    "orthanc": ("Orthanc", "storescu", "dsrdump"),
    "dcmtk": ("storescu", "storescp", "echoscu", "dcmdump", "dsrdump", "dsr2html", "dcmqrscp", "findscu", "movescu"),
    "dciodvfy": ("dciodvfy",),
    "viewer": ("node", "chromium"),
    "postgresql": ("initdb", "pg_ctl"),
}
"""The commands that a marked test needs."""


def find(command: str) -> Path | None:
    """Where Debian's command lies, and not the `storescu` that pynetdicom installs beside Python."""
    folders = [entry for entry in os.get_exec_path() if Path(entry) != Path(sys.prefix) / "bin"]
    servers = sorted(map(str, Path("/usr/lib/postgresql").glob("*/bin")))  # Debian keeps them off the PATH
    found = shutil.which(command, path=os.pathsep.join([*folders, "/usr/sbin", "/usr/local/sbin", *servers]))
    return Path(found) if found else None


def require(command: str) -> Path:
    """The command's path; without it the test is skipped, and fails where CI is set."""
    found = find(command)
    if found is None:
        absent(f"{command} is not installed (Debian package {PACKAGES.get(command, command)})")
    assert found is not None
    return found


def absent(reason: str) -> None:
    """End the test: a skipped interoperability test in CI would prove nothing."""
    if os.environ.get("CI"):
        pytest.fail(f"{reason}, and CI must run this test", pytrace=False)
    pytest.skip(reason)


def data_directory() -> Path | None:
    """The folder that BONE_AGE_DATA names, or None."""
    value = os.environ.get("BONE_AGE_DATA")
    return Path(value) if value else None


def run(command: str, *arguments: object, timeout_s: float = 60.0) -> subprocess.CompletedProcess[str]:
    """Run a required command to its end and give what it said; its exit status is for the caller to judge."""
    line = [str(require(command)), *map(str, arguments)]
    return subprocess.run(line, capture_output=True, text=True, errors="replace", timeout=timeout_s, check=False)


def iod_errors(path: Path) -> list[str]:
    """dciodvfy's lines that begin with Error."""
    return [line for line in iod_lines(path) if line.startswith("Error")]


def iod_lines(path: Path) -> list[str]:
    """All that dciodvfy says of an object."""
    result = run("dciodvfy", "-new", path)
    return (result.stdout + result.stderr).splitlines()


def document_text(path: Path) -> str:
    """A structured report as dsrdump prints it, whole, with codes; a report that it cannot read fails the test."""
    result = run("dsrdump", "+Pc", "+Pl", path)
    assert result.returncode == 0, result.stderr
    return result.stdout


_BONE_AGE = re.compile(r'\(85151-9,LN,"[^"]*"\)="(?P<months>[-+.0-9eE]+)" \(mo,UCUM')


def bone_ages_months(text: str) -> tuple[float, ...]:
    """Every bone age (LOINC 85151-9, months) in dsrdump's text, in its order."""
    return tuple(float(match["months"]) for match in _BONE_AGE.finditer(text))


_NUMBER = re.compile(r'<[^<]*NUM:\((?P<code>[^,]+),[^,]+,"[^"]*"\)="(?P<value>[-+.0-9eE]+)" \((?P<unit>[^,]+),')


def numbers(text: str) -> list[tuple[str, float, str]]:
    """(code, value, unit) of every number in dsrdump's text, in its order."""
    return [(match["code"], float(match["value"]), match["unit"]) for match in _NUMBER.finditer(text)]


def flat(text: str) -> str:
    """The text with every white space and quoting gone, to compare what two tools broke into lines differently."""
    return re.sub(r"\\\\|\s|\\n", "", text)
