"""DCMTK's archive: the results are stored, found by C-FIND, come back by C-MOVE, and are read by DCMTK's tools."""

import re
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from pydicom import Dataset, dcmread

from dicom_node.report.rendition import PictureCompression
from tests.support import tools
from tests.support.answered import Answered, answered, delivered
from tests.support.orthanc import free_port

pytestmark = pytest.mark.dcmtk
READY_TIMEOUT_S = 30.0
ACCEPTED = {PictureCompression.NONE: (), PictureCompression.RLE: ("+xr",), PictureCompression.JPEG: ("+xy",)}
"""dcmqrscp's option to take one compression beside none."""
CONFIGURATION = """NetworkTCPPort = {port}
MaxPDUSize = 16384
MaxAssociations = 16
HostTable BEGIN
workstation = (WORKSTATION, 127.0.0.1, {workstation})
HostTable END
AETable BEGIN
QRSCP {folder} RW (200, 1024mb) ANY
AETable END
"""


@dataclass(frozen=True)
class Archive:
    """A running dcmqrscp, and the port that a workstation's storescp is to listen on."""

    port: int
    workstation: int

    def ask(self, command: str, *options: object) -> str:
        """What findscu or movescu says; its failure fails the test."""
        result = tools.run(command, "-v", "-S", "-aet", "WORKSTATION", "-aec", "QRSCP", *options)
        assert result.returncode == 0, result.stderr
        return result.stdout + result.stderr


@contextmanager
def opened(folder: Path, compression: PictureCompression) -> Iterator[Archive]:
    """An archive that takes this compression, empty."""
    one = Archive(free_port(), free_port())
    (folder / "database").mkdir()
    configuration = CONFIGURATION.format(port=one.port, workstation=one.workstation, folder=folder / "database")
    (folder / "dcmqrscp.cfg").write_text(configuration)
    with running("dcmqrscp", "-c", folder / "dcmqrscp.cfg", *ACCEPTED[compression], port=one.port):
        yield one


@pytest.fixture(scope="module")
def answer(tmp_path_factory: pytest.TempPathFactory) -> Answered:
    return answered(tmp_path_factory.mktemp("answered"))


@pytest.fixture(scope="module")
def moved(tmp_path_factory: pytest.TempPathFactory, answer: Answered) -> list[Path]:
    """The whole study, from the archive to a storescp.

    Uncompressed: a dcmqrscp proposes one list of syntaxes for whatever it sends.
    """
    folder = tmp_path_factory.mktemp("moved")
    with opened(tmp_path_factory.mktemp("dcmqrscp"), PictureCompression.NONE) as archive:
        delivered(answer, archive.port, ae_title="QRSCP", compressions=[PictureCompression.NONE])
        with running("storescp", "-od", folder, archive.workstation, port=archive.workstation):
            study = ("-k", "QueryRetrieveLevel=STUDY", "-k", f"StudyInstanceUID={answer.study_uid}")
            archive.ask("movescu", "-aem", "WORKSTATION", *study, "127.0.0.1", archive.port)
    return sorted(folder.iterdir())


@contextmanager
def running(command: str, *arguments: object, port: int) -> Iterator[None]:
    """A server of DCMTK until the end of the block; entered once it answers a C-ECHO."""
    with subprocess.Popen([str(tools.require(command)), *map(str, arguments)]) as process:
        try:
            deadline = time.monotonic() + READY_TIMEOUT_S
            while tools.run("echoscu", "-aec", "QRSCP", "127.0.0.1", port).returncode != 0:
                assert time.monotonic() < deadline, f"{command} does not answer"
                time.sleep(0.1)
            yield
        finally:
            process.terminate()


@pytest.mark.parametrize("compression", PictureCompression)
def test_every_object_is_stored_and_found(tmp_path: Path, answer: Answered, compression: PictureCompression) -> None:
    keys = (f"StudyInstanceUID={answer.study_uid}", "SeriesInstanceUID", "SOPInstanceUID", "SOPClassUID")
    asked = [part for key in ("QueryRetrieveLevel=IMAGE", *keys) for part in ("-k", key)]
    with opened(tmp_path, compression) as archive:
        delivered(answer, archive.port, ae_title="QRSCP", compressions=[compression])
        said = archive.ask("findscu", *asked, "127.0.0.1", archive.port)
    found = re.findall(r"\(0008,0018\) UI \[([0-9.]+)", said)
    assert sorted(found) == sorted(sent_to(answer, compression))


def test_every_object_comes_back_as_it_was_sent(moved: list[Path], answer: Answered) -> None:
    sent = sent_to(answer, PictureCompression.NONE)
    back = {ds.SOPInstanceUID: ds for ds in map(dcmread, moved)}
    assert set(back) == set(sent)
    for uid, ds in back.items():
        assert ds == sent[uid]


def test_dcmtk_reads_the_report_that_came_back(moved: list[Path]) -> None:
    (report,) = (path for path in moved if dcmread(path, stop_before_pixels=True).Modality == "SR")
    assert tools.bone_ages_months(tools.document_text(report))[0] == pytest.approx(123.4)
    page = tools.run("dsr2html", report)
    assert page.returncode == 0, page.stderr
    assert "Research use only." in page.stdout


def sent_to(answer: Answered, compression: PictureCompression) -> dict[str, Dataset]:
    """What such a destination is sent, by SOP Instance UID."""
    sent = [answer.of("report", compression), answer.of("capture", compression), answer.of("presentation")]
    return {ds.SOPInstanceUID: ds for ds in sent}
