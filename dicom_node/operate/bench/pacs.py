"""The PACS that the benchmark's results go to: the embedded one, an Orthanc of its own, or one that runs already."""

import json
import os
import shutil
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

from pydicom.uid import UID, Comprehensive3DSRStorage, EnhancedSRStorage

from dicom_node.errors import NodeError
from dicom_node.operate.archive import Archive, ArchivedObject
from dicom_node.operate.trial import free_port

REPORTS = (Comprehensive3DSRStorage, EnhancedSRStorage)
_POLL_S = 0.01
_START_TIMEOUT_S = 30.0
_STOP_TIMEOUT_S = 10.0


class PacsUnusable(NodeError):
    """The PACS does not answer, or cannot be started."""

    code = "pacs-unusable"


class Pacs(Protocol):
    """Where results go, and how their arrival is seen."""

    name: str
    ae_title: str
    host: str
    port: int

    def reports(self) -> int:
        """How many reports are stored."""
        ...

    def await_reports(self, count: int, deadline_s: float) -> float | None:
        """time.monotonic() when so many were stored, or None after the deadline."""
        ...


class EmbeddedPacs(Archive):
    """The storage SCP of the demo; its arrivals are timed in its own handler."""

    name = "embedded PACS"

    def reports(self) -> int:
        return len(_reports(self.objects()))

    def await_reports(self, count: int, deadline_s: float) -> float | None:
        enough = self.wait_for(lambda objects: len(_reports(objects)) >= count, max(0.0, deadline_s - time.monotonic()))
        return _reports(self.objects())[count - 1].arrived_s if enough else None


def _reports(objects: tuple[ArchivedObject, ...]) -> list[ArchivedObject]:
    return [each for each in objects if each.sop_class_uid in REPORTS]


class OrthancPacs:
    """A running Orthanc; its changes are asked for every 10 ms, so that arrivals are known to about that."""

    def __init__(self, ae_title: str, host: str, port: int, http: str) -> None:
        self.ae_title, self.host, self.port = ae_title, host, port
        self._http = http.rstrip("/")
        self._since = 0
        self._arrivals: list[float] = []
        self.name = f"Orthanc {self._get('/system')['Version']}"
        self._since = int(self._get("/changes?last")["Last"])

    def reports(self) -> int:
        self._look()
        return len(self._arrivals)

    def await_reports(self, count: int, deadline_s: float) -> float | None:
        while self.reports() < count:
            if time.monotonic() > deadline_s:
                return None
            time.sleep(_POLL_S)
        return self._arrivals[count - 1]

    def _look(self) -> None:
        """Note the reports among the instances that came since the last look."""
        changes = self._get(f"/changes?since={self._since}&limit=1000")
        seen_s, self._since = time.monotonic(), int(changes["Last"])
        for change in changes["Changes"]:
            if change["ChangeType"] == "NewInstance" and self._sop_class(change["ID"]) in REPORTS:
                self._arrivals.append(seen_s)

    def _sop_class(self, instance: str) -> UID:
        return UID(self._get(f"/instances/{instance}/simplified-tags")["SOPClassUID"])

    def _get(self, path: str) -> Any:
        try:
            with urllib.request.urlopen(self._http + path, timeout=10) as answer:  # noqa: S310
                return json.load(answer)
        except (OSError, ValueError) as error:
            raise PacsUnusable(f"{self._http}{path}: {error}") from None


def find_command(name: str) -> Path | None:
    """A system command, and not the one of the same name that pynetdicom installs beside Python."""
    folders = [folder for folder in os.get_exec_path() if Path(folder) != Path(sys.prefix) / "bin"]
    found = shutil.which(name, path=os.pathsep.join([*folders, "/usr/sbin"]))
    return Path(found) if found else None


@contextmanager
def own_orthanc(folder: Path) -> Iterator[OrthancPacs]:
    """Start the installed Orthanc on free ports, without plugins, and stop it at the end."""
    command = find_command("Orthanc")
    if command is None:
        raise PacsUnusable("Orthanc is not installed")
    folder.mkdir(parents=True)
    port, http_port = free_port(), free_port()
    settings = folder / "orthanc.json"
    settings.write_text(json.dumps(_orthanc_settings(folder, port, http_port)))
    with (folder / "orthanc.log").open("wb") as log:
        process = subprocess.Popen([command, settings], stdout=log, stderr=log)  # noqa: S603
    try:
        yield _await_orthanc(process, port, http_port)
    finally:
        _end(process)


def _orthanc_settings(folder: Path, port: int, http_port: int) -> dict[str, object]:
    return {
        "DicomAet": "ORTHANC",
        "DicomPort": port,
        "HttpPort": http_port,
        "StorageDirectory": str(folder / "storage"),
        "IndexDirectory": str(folder / "storage"),
        "AuthenticationEnabled": False,
        "RemoteAccessAllowed": False,
        "Plugins": [],
    }


def _end(process: "subprocess.Popen[bytes]") -> None:
    process.terminate()
    try:
        process.wait(_STOP_TIMEOUT_S)
    except subprocess.TimeoutExpired:  # Orthanc waits for open associations
        process.kill()
        process.wait()


def _await_orthanc(process: "subprocess.Popen[bytes]", port: int, http_port: int) -> OrthancPacs:
    deadline = time.monotonic() + _START_TIMEOUT_S
    while True:
        try:
            return OrthancPacs("ORTHANC", "127.0.0.1", port, f"http://127.0.0.1:{http_port}")
        except PacsUnusable:
            if process.poll() is not None or time.monotonic() > deadline:
                raise
            time.sleep(0.1)
