"""`dicom-node explain` on real files."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml
from pydicom import Dataset
from pydicom.uid import CTImageStorage

from dicom_node.errors import ObjectUnreadable
from dicom_node.operate.explain import explain
from dicom_node.phantom import PhantomOptions, dataset
from dicom_node.spool.exposures import Exposures
from dicom_node.spool.layout import Layout
from dicom_node.spool.made import note_made
from dicom_node.work import exposure

ROUTES = [
    {"name": "captures", "candidates": {"secondary_capture": True, "modalities": ["OT"]}, "destinations": ["pacs"]},
    {"name": "hands", "candidates": {"calling_ae_titles": ["XRAY"]}, "destinations": ["pacs"]},
]


@pytest.fixture
def config(tmp_path: Path) -> Path:
    document = {
        "peers": {
            "modality": {"ae_title": "XRAY", "host": "127.0.0.1"},
            "pacs": {"ae_title": "PACS", "host": "127.0.0.1", "port": 104, "may": ["receive"]},
        },
        "routes": ROUTES,
    }
    path = tmp_path / "node.yaml"
    path.write_text(yaml.safe_dump(document))
    return path


@pytest.fixture
def hand() -> Dataset:
    return dataset(PhantomOptions(bone_age_months=100, sex="F", height=64, width=64))


def said(ds: Dataset, config: Path, capsys: pytest.CaptureFixture[str], calling: str | None = "XRAY") -> list[str]:
    path = config.parent / "object.dcm"
    ds.save_as(path, enforce_file_format=True)
    assert explain(path, config, calling=calling) == 0
    out = capsys.readouterr().out
    for value in (ds.PatientName.family_name, ds.PatientID, ds.PatientBirthDate, ds.StudyDescription, ds.StudyDate):
        assert value
        assert str(value) not in out
    return [" ".join(line.split()) for line in out.splitlines()]


def test_a_hand_takes_its_route_and_each_rule_says_why(
    hand: Dataset, config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = said(hand, config, capsys)
    assert "no modality DX wanted: OT" in lines
    assert "ok calling-ae-title XRAY wanted: XRAY" in lines
    assert any(line.startswith("ok body-part HAND in BodyPartExamined wanted: HAND or WRIST") for line in lines)
    assert lines[-3:] == [
        "verdict route hands takes it",
        "exposure known by instant",
        "twins this object is read",
    ]


def test_another_sender_is_named_as_the_reason(hand: Dataset, config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lines = said(hand, config, capsys, "CT9")
    assert "sender no peer that may send has this calling AE title" in lines
    assert lines[-1] == "verdict not read: no route takes it (modality); its sender hears success"


def test_without_a_sender_conditions_on_it_count_as_met(
    hand: Dataset, config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = said(hand, config, capsys, None)
    assert "ok calling-ae-title not given wanted: XRAY" in lines
    assert "verdict route hands takes it" in lines


def test_what_the_receiver_does_not_offer_is_said(
    hand: Dataset, config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    hand.SOPClassUID = hand.file_meta.MediaStorageSOPClassUID = CTImageStorage
    assert "received no: CT Image Storage is not offered" in said(hand, config, capsys)


def test_a_twin_and_an_own_result_are_said(hand: Dataset, config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    layout = Layout(config.parent / "state")
    now = datetime.now(UTC)
    claim = exposure.claim_of(hand, "ab" * 32, received_at=now, now=now)
    layout.image("ab" * 32).parent.mkdir(parents=True)
    hand.save_as(layout.image("ab" * 32), enforce_file_format=True)
    hand.SOPInstanceUID = hand.file_meta.MediaStorageSOPInstanceUID = "2.25.123"
    with Exposures(layout).held():
        Exposures(layout).put(exposure.names(hand), claim)
    assert said(hand, config, capsys)[-1] == (
        "twins this object waits: another image of the exposure is in hand, or may still come (has come: abababababab)"
    )
    note_made(layout, "2.25.123")
    assert said(hand, config, capsys)[-1].startswith("verdict not read: own-result")


def test_what_is_no_object_is_named(config: Path) -> None:
    with pytest.raises(ObjectUnreadable):
        explain(config, config)
