"""Delivery over TLS, with certificates made for the test."""

import shutil
import ssl
import subprocess
from pathlib import Path

import pytest
from pydicom.uid import UID

from dicom_node.deliver import outcomes
from dicom_node.jobs.contract import DeliveryOutcome, Verdict
from dicom_node.settings import Settings
from dicom_node.settings_network import Peer
from dicom_node.spool.results import StoredResults
from tests.integration.test_deliver import deliver, write_object
from tests.support.scp import recording_scp

pytestmark = pytest.mark.skipif(shutil.which("openssl") is None, reason="needs openssl to make certificates")
FAILED = outcomes.CONNECTION_FAILED


def _certificate(folder: Path, name: str, subject_alternative_name: str) -> tuple[Path, Path]:
    """A self-signed certificate and its key."""
    certificate, key = folder / f"{name}.pem", folder / f"{name}.key"
    request = [
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:prime256v1",
        "-nodes",
    ]
    names = ["-days", "2", "-subj", f"/CN={name}", "-addext", f"subjectAltName={subject_alternative_name}"]
    files = ["-keyout", str(key), "-out", str(certificate)]
    subprocess.run([*request, *names, *files], check=True, capture_output=True)
    return certificate, key


class Certificates:
    """Of a node and of its PACS; each trusts the other's alone."""

    def __init__(self, folder: Path, pacs_name: str = "IP:127.0.0.1") -> None:
        self.pacs, self.pacs_key = _certificate(folder, "pacs", pacs_name)
        self.node, self.node_key = _certificate(folder, "node", "DNS:node.invalid")

    def server(self) -> ssl.SSLContext:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=str(self.node))
        context.load_cert_chain(self.pacs, self.pacs_key)
        context.verify_mode = ssl.CERT_REQUIRED
        return context

    def settings(self) -> Settings:
        tls = {"certificate": self.node, "key": self.node_key, "authorities": self.pacs}
        return Settings.model_validate({"node": {"tls": tls}, "delivery": {"connect_timeout_s": 3}})


def _peer(port: int) -> Peer:
    values = {"ae_title": "PACS", "host": "127.0.0.1", "port": port, "may": ["receive"], "tls": True}
    return Peer.model_validate(values)


@pytest.fixture
def results(tmp_path: Path) -> StoredResults:
    return StoredResults("0" * 64, (write_object(tmp_path, "report"), write_object(tmp_path, "capture")))


def test_results_go_out_over_mutual_tls(results: StoredResults, tmp_path: Path) -> None:
    certificates = Certificates(tmp_path)
    with recording_scp(tls=certificates.server()) as scp:
        outcome = deliver(results, _peer(scp.port), certificates.settings())
    assert outcome == DeliveryOutcome(Verdict.DELIVERED, "delivered")
    assert [UID(received.sop_class_uid).keyword for received in scp.received] == [
        "Comprehensive3DSRStorage",
        "SecondaryCaptureImageStorage",
    ]


def test_a_certificate_for_another_host_gets_nothing(results: StoredResults, tmp_path: Path) -> None:
    certificates = Certificates(tmp_path, pacs_name="DNS:pacs.invalid")
    with recording_scp(tls=certificates.server()) as scp:
        assert deliver(results, _peer(scp.port), certificates.settings()) == FAILED
    assert scp.received == []


def test_a_peer_without_tls_gets_nothing_where_tls_is_asked_for(results: StoredResults, tmp_path: Path) -> None:
    with recording_scp() as scp:
        assert deliver(results, _peer(scp.port), Certificates(tmp_path).settings()) == FAILED
    assert scp.received == []


def test_tls_without_its_settings_or_files_says_so(results: StoredResults, tmp_path: Path) -> None:
    unusable = outcomes.TLS_UNUSABLE
    assert deliver(results, _peer(1), Settings()) == unusable
    certificates = Certificates(tmp_path)
    certificates.node_key.unlink()
    assert deliver(results, _peer(1), certificates.settings()) == unusable
