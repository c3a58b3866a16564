"""`dicom-node check` against real destinations over loopback."""

from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydicom.uid import (
    EnhancedSRStorage,
    GrayscaleSoftcopyPresentationStateStorage,
    ImplicitVRLittleEndian,
    JPEGBaseline8Bit,
    SecondaryCaptureImageStorage,
)

from dicom_node.jobs.client import open_queue
from dicom_node.operate.check import check
from dicom_node.operate.finding import Level
from dicom_node.operate.probe import probe
from dicom_node.settings import load
from dicom_node.spool.layout import Layout
from dicom_node.spool.store import Inbox
from models.calibration_run import calibrate
from tests.integration.test_jobs_command import store
from tests.support.committing import committing_scp
from tests.support.readings import write_readings
from tests.support.receiving import LOOPBACK, association, image, receiving
from tests.support.scp import PLAIN_SYNTAXES, RESULT_CLASSES, recording_scp
from tests.support.untrained_weights import write_untrained_weights


def write_settings(folder: Path, *, port: int = 1, **sections: Any) -> Path:
    """A node with a modality, a PACS on that port, and weights beside the file."""
    document: dict[str, Any] = {
        "node": {"port": 0},
        "peers": {
            "modality": {"ae_title": "MODALITY", "host": LOOPBACK},
            "pacs": {"ae_title": "PACS", "host": LOOPBACK, "port": port, "may": ["receive"]},
        },
        "routes": [{"name": "hands", "pipeline": "phantom", "destinations": ["pacs"]}],
        "storage": {"directory": "state", "minimum_free_mib": 1},
        "work": {"weights_directory": "weights"},
        "delivery": {"connect_timeout_s": 2},
    }
    path = folder / "node.yaml"
    path.write_text(yaml.safe_dump({**document, **sections}))
    return path


@pytest.fixture(autouse=True)
def weights(tmp_path: Path) -> Path:
    return write_untrained_weights(tmp_path / "weights")


def run(path: Path, capsys: pytest.CaptureFixture[str]) -> tuple[int, list[str]]:
    capsys.readouterr()
    status = check(path)
    return status, [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]


def starting(words: str, lines: list[str]) -> str:
    """The one line that begins with the words."""
    (line,) = [line for line in lines if line.startswith(words)]
    return line


def test_a_node_that_can_do_its_work_passes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with recording_scp() as pacs:
        status, lines = run(write_settings(tmp_path, port=pacs.port), capsys)
    assert status == 0, lines
    assert {line.split()[0] for line in lines} <= {"ok", "warn"}
    assert starting("ok weights phantom_whole_hand", lines)
    assert starting("ok pacs: C-ECHO", lines) == "ok pacs: C-ECHO answered"
    assert starting("ok pacs: report", lines) == "ok pacs: report Comprehensive 3D SR (explicit and implicit)"
    assert starting("ok pacs: picture", lines) == "ok pacs: picture Secondary Capture (explicit and implicit)"


@pytest.mark.parametrize("commits", [True, False])
def test_it_says_whether_a_destination_offers_the_commitment_that_is_asked_of_it(tmp_path: Path, commits: bool) -> None:
    with committing_scp(commits=commits) as pacs:
        peer = {"ae_title": "PACS", "host": LOOPBACK, "port": pacs.port, "may": ["receive"], "storage_commitment": True}
        settings = load(write_settings(tmp_path, peers={"pacs": peer}))
        found = {each.what: each.level for each in probe("pacs", settings.peers["pacs"], settings)}
    assert found["pacs: storage commitment"] == (Level.OK if commits else Level.FAIL)


def test_a_node_that_is_tried_out_says_so_and_probes_its_one_destination(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with recording_scp() as pacs:
        path = write_settings(
            tmp_path, port=pacs.port, mode="commissioning", commissioning={"destination": "pacs"}, routes=[]
        )
        _status, lines = run(path, capsys)
    assert starting("warn mode commissioning: results go to pacs alone", lines)
    assert starting("ok pacs: C-ECHO", lines)


def test_every_fault_of_the_settings_is_a_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "node.yaml"
    path.write_text("node:\n  prot: 104\n  maximum_associations: 0\n")
    status, lines = run(path, capsys)
    assert status == 1
    assert [line.split()[:3] for line in lines] == [
        ["FAIL", "settings", f"{path}:2:"],
        ["FAIL", "settings", f"{path}:3:"],
    ]
    assert "did you mean port?" in lines[0]


def test_weights_that_were_changed_fail_by_their_hash(
    tmp_path: Path, weights: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with (weights / "phantom_whole_hand.safetensors").open("ab") as file:
        file.write(b"\0")
    with recording_scp() as pacs:
        status, lines = run(write_settings(tmp_path, port=pacs.port), capsys)
    assert status == 1
    assert "sha256" in starting("FAIL weights phantom_whole_hand", lines)


def test_a_sites_calibration_passes_until_it_is_altered(
    tmp_path: Path, weights: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    site = tmp_path / "north.json"
    readings = write_readings(tmp_path / "readings.csv")
    calibrate("phantom_whole_hand", site="north", output=site, readings=readings, weights_directory=weights)
    (tmp_path / "pipelines").mkdir()
    (tmp_path / "pipelines" / "phantom.yaml").write_text(
        "name: phantom\nstages: [checks]\nprimary: phantom_whole_hand\n"
        f"readers: [{{whole_hand: {{weights: phantom_whole_hand, calibration: {site}}}}}]\n"
    )
    work = {"weights_directory": "weights", "pipelines_directory": "pipelines"}
    config = write_settings(tmp_path, work=work)
    assert "sha256" in starting("ok calibration north.json", run(config, capsys)[1])
    site.write_text(site.read_text().replace("north", "south"))
    status, lines = run(config, capsys)
    assert status == 1
    assert "calibrate again" in starting("FAIL calibration north.json", lines)


def test_a_pipeline_that_does_not_exist_fails(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status, lines = run(write_settings(tmp_path, routes=[{"name": "hands", "pipeline": "nothing"}]), capsys)
    assert status == 1
    assert starting("FAIL pipeline nothing", lines)
    assert starting("warn route hands", lines)


def test_a_destination_that_is_away_fails(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status, lines = run(write_settings(tmp_path, port=1), capsys)
    assert status == 1
    assert "connection-failed" in starting("FAIL pacs: association", lines)


def test_a_destination_that_does_not_know_this_node_fails_and_says_the_ae_title(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with recording_scp(require_calling=["SOMEBODY"]) as pacs:
        status, lines = run(write_settings(tmp_path, port=pacs.port), capsys)
    assert status == 1
    line = starting("FAIL pacs: association", lines)
    assert "association-rejected-calling-ae-title" in line
    assert "AE title BONEAGE" in line


def test_a_destination_that_takes_only_the_older_report_is_a_warning(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    classes = [EnhancedSRStorage, SecondaryCaptureImageStorage]
    with recording_scp(sop_classes=classes, syntaxes=[ImplicitVRLittleEndian]) as pacs:
        status, lines = run(write_settings(tmp_path, port=pacs.port), capsys)
    assert status == 0
    assert "Enhanced SR (implicit)" in starting("warn pacs: report", lines)


def test_a_destination_that_takes_no_picture_fails(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with recording_scp(sop_classes=[EnhancedSRStorage]) as pacs:
        status, lines = run(write_settings(tmp_path, port=pacs.port), capsys)
    assert status == 1
    assert starting("FAIL pacs: picture", lines)


def test_compressed_pictures_and_boxes_are_asked_for_where_they_are_configured(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    classes = [*RESULT_CLASSES, GrayscaleSoftcopyPresentationStateStorage]
    wanted = {"picture_compression": "jpeg", "presentation_state": True}
    found = {}
    for syntaxes in (PLAIN_SYNTAXES, (*PLAIN_SYNTAXES, JPEGBaseline8Bit)):
        with recording_scp(sop_classes=classes, syntaxes=syntaxes) as pacs:
            receiver = {"ae_title": "PACS", "host": LOOPBACK, "port": pacs.port, "may": ["receive"], **wanted}
            _, lines = run(write_settings(tmp_path, peers={"pacs": receiver}), capsys)
        found[len(syntaxes)] = lines
    assert "no Secondary Capture in JPEG Baseline" in starting("FAIL pacs: picture", found[2])
    assert starting("ok pacs: picture", found[3]) == "ok pacs: picture Secondary Capture (JPEG Baseline)"
    assert "Grayscale Softcopy Presentation State" in starting("ok pacs: boxes", found[3])


def test_a_storage_directory_that_cannot_be_written_fails(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").write_text("")
    status, lines = run(write_settings(tmp_path, storage={"directory": "file/state"}), capsys)
    assert status == 1
    assert starting("FAIL storage", lines)
    assert starting("FAIL job database", lines)


def test_less_disk_than_the_reserve_fails(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    storage = {"directory": "state", "minimum_free_mib": 10**9}
    status, lines = run(write_settings(tmp_path, storage=storage), capsys)
    assert status == 1
    assert starting("FAIL disk", lines)


def test_refused_associations_are_shown_with_who_called_whom_and_what_is_configured(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write_settings(tmp_path)
    with receiving(load(path)) as node:
        for calling, called in (("STRANGER", "BONEAGE"), ("MODALITY", "BONEAG")):
            with association(node.port, calling=calling, called=called) as assoc:
                assert assoc.is_rejected
    _status, lines = run(path, capsys)
    latest, first = [line for line in lines if line.startswith("warn refused association")]
    assert "MODALITY at 127.0.0.1 called BONEAG" in latest
    assert "this node is BONEAGE" in latest
    assert "STRANGER at 127.0.0.1 called BONEAGE" in first
    assert "known are MODALITY, PACS" in first


def test_the_shipped_weights_terms_are_shown(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _status, lines = run(write_settings(tmp_path, work={}), capsys)
    assert "non-commercial" in starting("warn terms of use", lines)


def test_an_audit_trail_that_cannot_be_written_fails(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    failing = write_settings(tmp_path, audit={"file": "missing/audit.jsonl"})
    status, lines = run(failing, capsys)
    assert status == 1
    assert "No such file" in starting("FAIL audit trail", lines)
    _status, lines = run(write_settings(tmp_path, audit={"file": "audit.jsonl"}), capsys)
    assert "audit.jsonl" in starting("ok audit trail", lines)


def test_a_peer_that_may_be_anywhere_is_a_warning_without_tls(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    anyone = {"anyone": {"ae_title": "ANYONE", "host": "*"}}
    _status, lines = run(write_settings(tmp_path, peers=anyone, routes=[]), capsys)
    assert "any machine may send" in starting("warn peer anyone", lines)


def test_before_the_first_start_files_and_jobs_agree(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _status, lines = run(write_settings(tmp_path, routes=[]), capsys)
    assert starting("ok spool and jobs agree", lines) == "ok spool and jobs agree 0 images"


def test_what_files_and_jobs_differ_in_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write_settings(tmp_path, routes=[])
    settings = load(path)
    inbox = Inbox(Layout(settings.storage.directory))
    inbox.prepare()
    key = store(inbox.layout, image())
    _status, lines = run(path, capsys)
    differing = starting("warn spool and jobs differ", lines)
    assert f"image without a job: 1 ({key[:12]})" in differing
    with closing(open_queue(settings)) as queue:
        queue.enqueue_image(key)
        _status, lines = run(path, capsys)
        assert starting("ok spool and jobs agree", lines) == "ok spool and jobs agree 1 images"
        inbox.layout.image(key).unlink()
        _status, lines = run(path, capsys)
        assert "unfinished job without its image: 1" in starting("warn spool and jobs differ", lines)
