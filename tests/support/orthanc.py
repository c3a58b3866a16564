"""Debian's Orthanc as the PACS of a test: free ports, a folder of its own, no plugin but DICOMweb where asked for."""

import json
import socket
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydicom import Dataset

from tests.support import tools

START_TIMEOUT_S = 30.0
STOP_TIMEOUT_S = 20.0
HTTP_TIMEOUT_S = 30.0
PLUGINS = (Path("/usr/share/orthanc/plugins"), Path("/usr/lib/orthanc"))
"""Where Debian's packages put Orthanc's plugins."""


@dataclass(frozen=True)
class Modality:
    """A peer that Orthanc may send to; storage_commitment: it may also ask Orthanc for commitment."""

    ae_title: str
    port: int
    host: str = "127.0.0.1"
    storage_commitment: bool = False


@dataclass(frozen=True)
class Orthanc:
    """A running Orthanc. Its log is `log`; what it stored is asked by REST."""

    ae_title: str
    dicom_port: int
    http_port: int
    log: Path
    process: "subprocess.Popen[bytes]"

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.http_port}"

    def stop(self) -> None:
        """End it; a second call does nothing."""
        self.process.terminate()
        try:
            self.process.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def get(self, path: str) -> Any:
        """The JSON answer to GET."""
        return json.loads(self._request(path))

    def post(self, path: str, body: object) -> Any:
        """The JSON answer to POST of a JSON body."""
        return json.loads(self._request(path, json.dumps(body).encode()))

    def patients(self) -> list[str]:
        """Orthanc's ids of all patients."""
        return self.get("/patients")

    def studies(self) -> list[dict[str, Any]]:
        """All studies with their main tags."""
        return self.get("/studies?expand")

    def series(self, study_uid: str) -> list[dict[str, Any]]:
        """The series of one study (Study Instance UID) with their main tags."""
        study = self.find_study(study_uid)
        return self.get(f"/studies/{study}/series") if study else []

    def instances(self, study_uid: str) -> list[dict[str, Any]]:
        """The instances of one study, each with its simplified tags under "Tags"."""
        study = self.find_study(study_uid)
        found = self.get(f"/studies/{study}/instances") if study else []
        return [{**each, "Tags": self.get(f"/instances/{each['ID']}/simplified-tags")} for each in found]

    def find_study(self, study_uid: str) -> str | None:
        """Orthanc's id of a study; a Study Instance UID under two patients is an error of the sender."""
        found = self.post("/tools/find", {"Level": "Study", "Query": {"StudyInstanceUID": study_uid}})
        assert len(found) <= 1, f"the study lies under {len(found)} patients"
        return found[0] if found else None

    def store(self, path: Path) -> str:
        """Put a file into the archive; Orthanc's id of the instance."""
        return json.loads(self._request("/instances", path.read_bytes()))["ID"]

    def qido(self, path: str, **matching: str) -> list[dict[str, Any]]:
        """QIDO-RS: the DICOM JSON of what matches below `studies` (PS3.18 10.6)."""
        return self.get(f"/dicom-web/{path}?{urllib.parse.urlencode(matching)}")

    def rendered(self, ds: Dataset) -> bytes:
        """WADO-RS: the PNG that the server makes of an instance (PS3.18 10.4.1.1.2)."""
        path = f"studies/{ds.StudyInstanceUID}/series/{ds.SeriesInstanceUID}/instances/{ds.SOPInstanceUID}"
        return self._request(f"/dicom-web/{path}/rendered", accept="image/png")

    def fetch(self, instance: str, path: Path) -> Path:
        """Write the stored bytes of an instance to a file."""
        path.write_bytes(self._request(f"/instances/{instance}/file"))
        return path

    def send(self, modality: str, *instances: str) -> None:
        """Forward instances to a configured modality by C-STORE."""
        self.post(f"/modalities/{modality}/store", list(instances))

    def _request(self, path: str, body: bytes | None = None, *, accept: str = "*/*") -> bytes:
        request = urllib.request.Request(self.url + path, data=body, headers={"Accept": accept})
        with urllib.request.urlopen(request, timeout=HTTP_TIMEOUT_S) as answer:
            return bytes(answer.read())


def free_port() -> int:
    """A TCP port of the loopback interface that nobody listens on now."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def start(
    folder: Path,
    *,
    ae_title: str = "PACS",
    modalities: Mapping[str, Modality] | None = None,
    dicomweb: bool = False,
) -> Orthanc:
    """Start Orthanc in an empty folder and wait until it answers; the caller stops it."""
    folder.mkdir(parents=True, exist_ok=True)
    dicom_port, http_port = free_port(), free_port()
    settings = folder / "orthanc.json"
    plugins = [str(_plugin("libOrthancDicomWeb.so"))] if dicomweb else []
    options = _settings(folder, ae_title, dicom_port, http_port, modalities or {})
    settings.write_text(json.dumps(options | {"Plugins": plugins}))
    log = folder / "orthanc.log"
    with log.open("wb") as stream:
        command = [str(tools.require("Orthanc")), str(settings)]
        process = subprocess.Popen(command, stdout=stream, stderr=subprocess.STDOUT, cwd=folder)
    orthanc = Orthanc(ae_title, dicom_port, http_port, log, process)
    _await_answer(orthanc)
    return orthanc


@contextmanager
def running(folder: Path, **options: Any) -> Iterator[Orthanc]:
    """`start`, and `stop` at the end of the block."""
    orthanc = start(folder, **options)
    try:
        yield orthanc
    finally:
        orthanc.stop()


def _plugin(name: str) -> Path:
    for folder in PLUGINS:
        for path in sorted(folder.glob(f"{name}*")):
            return path
    tools.absent(f"{name} is not installed (Debian package orthanc-dicomweb)")
    raise AssertionError


def _settings(
    folder: Path, ae_title: str, dicom_port: int, http_port: int, modalities: Mapping[str, Modality]
) -> dict[str, object]:
    return {
        "Name": ae_title,
        "DicomAet": ae_title,
        "DicomPort": dicom_port,
        "DicomCheckCalledAet": True,
        "HttpPort": http_port,
        "RemoteAccessAllowed": False,
        "AuthenticationEnabled": False,
        "StorageDirectory": str(folder / "storage"),
        "IndexDirectory": str(folder / "storage"),
        "StableAge": 1,
        "DicomModalities": {name: _modality(each) for name, each in modalities.items()},
    }


def _modality(modality: Modality) -> dict[str, object]:
    return {
        "AET": modality.ae_title,
        "Host": modality.host,
        "Port": modality.port,
        "AllowStorageCommitment": modality.storage_commitment,
    }


def _await_answer(orthanc: Orthanc) -> None:
    deadline = time.monotonic() + START_TIMEOUT_S
    while time.monotonic() < deadline and orthanc.process.poll() is None:
        try:
            orthanc.get("/system")
            return
        except (urllib.error.URLError, ConnectionError):
            time.sleep(0.05)
    orthanc.stop()
    raise RuntimeError(f"Orthanc did not start:\n{orthanc.log.read_text(errors='replace')[-2000:]}")
