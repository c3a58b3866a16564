"""How the benchmark sees that a report has arrived."""

import time
from pathlib import Path

import pytest
from pydicom import Dataset, dcmread
from pydicom.uid import Comprehensive3DSRStorage, SecondaryCaptureImageStorage, generate_uid
from pynetdicom import AE
from pynetdicom.presentation import build_context

from dicom_node.operate.bench.pacs import EmbeddedPacs, Pacs, PacsUnusable, find_command, own_orthanc
from tests.integration.test_deliver import write_object


def _store(pacs: Pacs, folder: Path, kind: str) -> None:
    ds: Dataset = dcmread(write_object(folder, kind).path)
    ds.SeriesInstanceUID = generate_uid(entropy_srcs=["series", kind])
    ae = AE()
    contexts = [build_context(uid) for uid in (Comprehensive3DSRStorage, SecondaryCaptureImageStorage)]
    assoc = ae.associate(pacs.host, pacs.port, contexts=contexts, ae_title=pacs.ae_title)
    status = assoc.send_c_store(ds).Status
    assoc.release()
    assert status == 0x0000


def _assert_counts_reports_alone(pacs: Pacs, folder: Path) -> None:
    assert pacs.reports() == 0
    _store(pacs, folder, "capture")
    assert pacs.await_reports(1, time.monotonic() + 0.1) is None
    _store(pacs, folder, "report")
    stored_s = time.monotonic()
    arrived_s = pacs.await_reports(1, time.monotonic() + 5)
    assert arrived_s is not None
    assert abs(arrived_s - stored_s) < 1
    assert pacs.reports() == 1


def test_the_embedded_pacs_counts_reports_alone(tmp_path: Path) -> None:
    with EmbeddedPacs(tmp_path / "pacs") as pacs:
        _assert_counts_reports_alone(pacs, tmp_path)


@pytest.mark.orthanc
@pytest.mark.skipif(find_command("Orthanc") is None, reason="Orthanc is not installed")
def test_an_orthanc_of_its_own_counts_reports_alone(tmp_path: Path) -> None:
    with own_orthanc(tmp_path / "pacs") as pacs:
        assert pacs.name.startswith("Orthanc ")
        _assert_counts_reports_alone(pacs, tmp_path)


def test_without_orthanc_the_benchmark_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dicom_node.operate.bench.pacs.find_command", lambda name: None)
    with pytest.raises(PacsUnusable, match="Orthanc is not installed"), own_orthanc(tmp_path / "pacs"):
        pass
