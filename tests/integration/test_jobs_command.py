"""`dicom-node jobs` with a real spool, a real job database and processes with stand-ins for reading and sending."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml
from pydicom import Dataset
from pydicom.uid import generate_uid

from dicom_node.jobs.client import open_queue
from dicom_node.operate.jobs import list_jobs, show_job
from dicom_node.operate.reread import RereadInvalid, reread
from dicom_node.operate.stored_image import NoSuchImage
from dicom_node.phantom import PhantomOptions, dataset
from dicom_node.settings import load
from dicom_node.spool.exposures import Exposures
from dicom_node.spool.layout import Layout
from dicom_node.spool.origin import Origin
from dicom_node.spool.rereading import Correction, read_correction
from dicom_node.spool.results import write_results
from dicom_node.spool.store import Inbox
from dicom_node.work import exposure
from tests.integration.test_jobs import ended, until
from tests.support import job_process

SUMMARY = {
    "status": "read",
    "route": "hands",
    "destinations": ["pacs"],
    "pipeline": {"name": "bone_age", "fingerprint": "cd" * 32},
    "models": [{"name": "whole_hand", "version": "1.0.0", "sha256": "ab" * 32}],
    "warnings": ["right-hand"],
}


@pytest.fixture
def hand() -> Dataset:
    return dataset(PhantomOptions(bone_age_months=100, sex="F", height=64, width=64))


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "node.yaml"
    path.write_text(yaml.safe_dump({"routes": [{"name": "hands"}], "storage": {"directory": "state"}}))
    return path


@pytest.fixture
def layout(config: Path) -> Layout:
    layout = Layout(load(config).storage.directory)
    Inbox(layout).prepare()
    return layout


@pytest.fixture
def patient(hand: Dataset) -> tuple[str, ...]:
    values = (hand.PatientName, hand.PatientID, hand.PatientBirthDate, hand.StudyDate, hand.StudyInstanceUID)
    return tuple(map(str, values))


def printed(capsys: pytest.CaptureFixture[str], patient: tuple[str, ...]) -> str:
    out = capsys.readouterr().out
    assert not [value for value in patient if value in out]
    return out


def store(layout: Layout, ds: Dataset) -> str:
    part = layout.incoming / "tmp.dcm"
    ds.save_as(part, enforce_file_format=True)
    return Inbox(layout).accept(part, Origin("MODALITY", "BONEAGE", "127.0.0.1", datetime.now(UTC))).key


def enqueue(config: Path, key: str) -> None:
    queue = open_queue(load(config))
    queue.enqueue_image(key)
    queue.close()


def test_the_list_says_what_became_of_each_image(
    config: Path, layout: Layout, hand: Dataset, patient: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    key = store(layout, hand)
    enqueue(config, key)
    assert list_jobs(config, limit=5) == 0
    heading, line = printed(capsys, patient).splitlines()
    assert heading.split() == ["ID", "received", "from", "image", "deliveries"]
    assert line.split()[0] == key[:12]
    assert line.endswith("MODALITY          queued                        none")
    write_results(layout, key, [], SUMMARY)
    list_jobs(config, limit=5)
    assert "MODALITY          read" in printed(capsys, patient)


def test_an_image_is_shown_with_its_result_and_every_attempt(
    config: Path, layout: Layout, hand: Dataset, patient: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    key = store(layout, hand)
    write_results(layout, key, [("report", hand)], SUMMARY)
    enqueue(config, key)
    processes = [job_process.start(role, layout.root, "pacs-refuses") for role in ("work", "deliver")]
    queue = open_queue(load(config))
    try:
        until(lambda: ended(queue, f"deliver:{key}:pacs:0") and ended(queue, f"deliver:{key}:archive:0"))
    finally:
        queue.close()
        for process in processes:
            process.kill()
            process.wait()
    assert show_job(config, key[:6]) == 0
    lines = [" ".join(line.split()) for line in printed(capsys, patient).splitlines()]
    assert f"SOP Instance UID {hand.SOPInstanceUID}" in lines
    assert "state read" in lines
    assert "model whole_hand 1.0.0, sha256 abababababab" in lines
    assert "object report, Digital X-Ray Image Storage - For Presentation" in lines
    assert [line.split(" reading, ")[1] for line in lines if " reading, " in line] == ["number 0: read"]
    assert any(line.endswith("to pacs, number 0: parked: a900") for line in lines)
    assert any(line.endswith("to archive, number 0: delivered") for line in lines)


def test_an_image_that_nobody_reads_is_shown_with_the_reason(
    config: Path, layout: Layout, hand: Dataset, patient: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    now = datetime.now(UTC)
    with Exposures(layout).held():
        claim = exposure.claim_of(hand, "ab" * 32, received_at=now, now=now)
        Exposures(layout).put(exposure.names(hand), claim)
    hand.SOPInstanceUID = hand.file_meta.MediaStorageSOPInstanceUID = generate_uid()
    show_job(config, store(layout, hand))
    assert "read as abababababab" in printed(capsys, patient)
    hand.Modality = "CT"
    show_job(config, store(layout, hand))
    assert "none would take it now: modality" in printed(capsys, patient)


def test_a_reading_asked_for_is_an_image_of_its_own_with_a_job(
    config: Path, layout: Layout, hand: Dataset, patient: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    key = store(layout, hand)
    assert reread(config, str(hand.SOPInstanceUID), sex="m", birth_date="2017-05-04") == 0
    (again,) = set(Inbox(layout).keys()) - {key}
    assert printed(capsys, patient).startswith(again[:12])
    correction = read_correction(layout, again)
    assert correction is not None
    assert (correction.of, correction.sex, str(correction.birth_date)) == (key, "M", "2017-05-04")
    assert layout.image(again).samefile(layout.image(key))
    show_job(config, again)
    text = printed(capsys, (*patient, "2017"))
    assert f"a reading of {key[:12]} again, sex and birth date corrected" in text
    assert "queued" in text


def test_a_reading_is_kept_for_later_where_the_job_database_is_away(
    config: Path, layout: Layout, hand: Dataset, capsys: pytest.CaptureFixture[str]
) -> None:
    key = store(layout, hand)
    layout.job_database.mkdir()
    reread(config, key)
    (again,) = Inbox(layout).deferred()
    correction = read_correction(layout, again)
    assert correction is not None
    assert correction == Correction(key, correction.asked_at)
    assert "once the job database is back" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"sex": "O"}, "--sex takes F or M"),
        ({"birth_date": "04.05.2017"}, "YYYY-MM-DD"),
        ({"birth_date": "2027-01-01"}, "after the exposure"),
    ],
)
def test_what_cannot_be_corrected_is_named(
    config: Path, layout: Layout, hand: Dataset, given: dict[str, str], said: str
) -> None:
    key = store(layout, hand)
    with pytest.raises(RereadInvalid, match=said):
        reread(config, key, **given)
    assert list(Inbox(layout).keys()) == [key]


def test_an_image_that_no_route_takes_is_not_read_again(config: Path, layout: Layout, hand: Dataset) -> None:
    hand.Modality = "CT"
    key = store(layout, hand)
    with pytest.raises(RereadInvalid, match="no route takes this image"):
        reread(config, key)


@pytest.mark.parametrize("named", ["ffff", "2.25.1", "no such thing"])
def test_an_id_that_names_nothing_is_said_so(config: Path, layout: Layout, hand: Dataset, named: str) -> None:
    store(layout, hand)
    with pytest.raises(NoSuchImage):
        show_job(config, named)
