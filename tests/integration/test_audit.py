"""The audit trail: what a receiver, a delivery and an operator do stands there, line by line, and no name."""

import json
import socket
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from pydicom import Dataset

from dicom_node.audit.trail import Trail
from dicom_node.deliver.run import deliver_stored
from dicom_node.jobs.contract import Verdict
from dicom_node.settings import Settings
from dicom_node.spool.layout import Layout
from dicom_node.spool.results import write_results
from tests.support.orthanc import free_port
from tests.support.receiving import LOOPBACK, association, image, receiving, settings_in, write_image
from tests.support.scp import recording_scp
from tests.unit.test_spool import result

NAME = "Planted^Name"


def audited(settings: Settings, file: Path, *, patient_ids: bool = False) -> Settings:
    audit = settings.audit.model_copy(update={"file": file, "patient_ids": patient_ids})
    return settings.model_copy(update={"audit": audit})


def lines(file: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in file.read_text(encoding="ascii").splitlines()]


def told(line: dict[str, Any]) -> tuple[str, str, int]:
    """EventID, EventTypeCode and EventOutcomeIndicator."""
    event = line["EventIdentification"]
    kind = event.get("EventTypeCode", {"csd-code": ""})["csd-code"]
    return event["EventID"]["csd-code"], kind, event["EventOutcomeIndicator"]


def planted(seed: int = 0) -> Dataset:
    ds = image(seed=seed)
    ds.PatientName, ds.PatientID = NAME, "ID-4711"
    return ds


@pytest.mark.parametrize("patient_ids", [False, True])
def test_who_sent_what_is_a_line_and_the_patient_only_where_it_is_asked_for(tmp_path: Path, patient_ids: bool) -> None:
    file, ds = tmp_path / "audit.jsonl", planted()
    settings = audited(settings_in(tmp_path / "state"), file, patient_ids=patient_ids)
    with receiving(settings) as node, association(node.port) as assoc:
        assert assoc.send_c_store(ds).Status == 0
    opened, stored = lines(file)
    assert told(opened) == ("110108", "110124", 0)
    assert told(stored) == ("110104", "", 0)
    assert stored["EventIdentification"]["EventActionCode"] == "C"
    sender, process = stored["ActiveParticipant"]
    assert (sender["AlternativeUserID"], sender["NetworkAccessPointID"]) == ("AETITLE=MODALITY", LOOPBACK)
    assert (sender["UserIsRequestor"], process["UserIsRequestor"]) == (True, False)
    study, *patient = stored["ParticipantObjectIdentification"]
    assert study["ParticipantObjectID"] == ds.StudyInstanceUID
    (described,) = study["ParticipantObjectDescription"]["SOPClass"]
    assert described["UID"] == ds.SOPClassUID
    assert described["Instance"] == [{"UID": ds.SOPInstanceUID}]
    assert [each["ParticipantObjectID"] for each in patient] == (["ID-4711"] if patient_ids else [])
    assert NAME not in file.read_text()


def test_who_was_not_let_in_is_an_alert_that_nobody_can_forge(tmp_path: Path) -> None:
    file = tmp_path / "audit.jsonl"
    with receiving(audited(settings_in(tmp_path / "state"), file)) as node:
        with association(node.port, calling="<b>'STRANGER") as assoc:
            assert assoc.is_rejected
        with association(node.port, called="OTHER") as assoc:
            assert assoc.is_rejected
    assert [told(line) for line in lines(file)] == [("110113", "110126", 4)] * 2
    assert [line["EventIdentification"]["EventOutcomeDescription"] for line in lines(file)] == [
        "calling-ae-title",
        "called-ae-title",
    ]


@pytest.mark.parametrize(("status", "outcome"), [(0x0000, 0), (0xA700, 4), (0xA900, 8)])
def test_what_was_sent_is_told_before_and_after(tmp_path: Path, status: int, outcome: int) -> None:
    file, layout, key = tmp_path / "audit.jsonl", Layout(tmp_path / "state"), "ab" * 32
    stored = write_results(layout, key, [result("report", 0)], {"destinations": ["pacs"]})
    (one,) = stored.objects
    with recording_scp(sop_classes=[one.sop_class_uid]) as scp:
        scp.statuses = {one.sop_class_uid: status}
        pacs = {"ae_title": "PACS", "host": LOOPBACK, "port": scp.port, "may": ["receive"]}
        settings = Settings.model_validate({"peers": {"pacs": pacs}, "storage": {"directory": layout.root}})
        settings = audited(settings, file)
        sent = deliver_stored(key, "pacs", settings)
    assert (sent.verdict is Verdict.DELIVERED) == (outcome == 0)
    begun, ended = lines(file)
    assert told(begun) == ("110102", "", 0)
    assert told(ended) == ("110104", "", outcome)
    assert ended["EventIdentification"]["EventActionCode"] == "R"
    assert ended["ActiveParticipant"][1]["AlternativeUserID"] == "AETITLE=PACS"


def test_a_study_that_cannot_be_parsed_is_unknown_and_its_image_stored(tmp_path: Path) -> None:
    file, path = tmp_path / "audit.jsonl", write_image(tmp_path / "image.dcm")
    uid = b"\x20\x00\x0d\x00"
    path.write_bytes(path.read_bytes().replace(uid + b"UI", uid + b"ZZ"))
    trail = Trail(audited(settings_in(tmp_path / "state"), file), "receive")
    trail.received("MODALITY", LOOPBACK, path, "1.2", "3.4")
    (line,) = lines(file)
    assert line["ParticipantObjectIdentification"][0]["ParticipantObjectID"] == "unknown"


def test_a_destination_that_is_away_leaves_no_line(tmp_path: Path) -> None:
    file, layout, key = tmp_path / "audit.jsonl", Layout(tmp_path / "state"), "ab" * 32
    write_results(layout, key, [result("report", 0)], {"destinations": ["pacs"]})
    pacs = {"ae_title": "PACS", "host": LOOPBACK, "port": free_port(), "may": ["receive"]}
    settings = Settings.model_validate({"peers": {"pacs": pacs}, "storage": {"directory": layout.root}})
    assert deliver_stored(key, "pacs", audited(settings, file)).verdict is not Verdict.DELIVERED
    assert not file.exists()


def test_start_settings_and_stop_are_lines_and_a_change_changes_the_hash(tmp_path: Path) -> None:
    file, config = tmp_path / "audit.jsonl", tmp_path / "node.yaml"
    trail = Trail(audited(settings_in(tmp_path / "state"), file), "work")
    for text in ("mode: live\n", "mode: live # changed\n"):
        config.write_text(text)
        trail.started(config)
    trail.stopped()
    trail.operator_did("reread", ["ab" * 32])
    kinds = [told(line)[1] for line in lines(file)]
    assert kinds == ["110120", "110131", "110120", "110131", "110121", "110132"]
    first, second = (lines(file)[at]["ParticipantObjectIdentification"][0] for at in (1, 3))
    assert first["ParticipantObjectID"] == str(config)
    assert first["ParticipantObjectDetail"] != second["ParticipantObjectDetail"]
    assert lines(file)[0]["AuditSourceIdentification"]["AuditSourceID"] == f"BONEAGE@{socket.gethostname()}"
    assert datetime.fromisoformat(lines(file)[0]["EventIdentification"]["EventDateTime"]) <= datetime.now(UTC)


def test_the_trail_goes_on_in_a_new_file_after_rotation_and_without_one_the_node_goes_on(tmp_path: Path) -> None:
    file = tmp_path / "audit.jsonl"
    trail = Trail(audited(settings_in(tmp_path / "state"), file), "work")
    trail.stopped()
    file.rename(tmp_path / "audit.jsonl.1")
    trail.stopped()
    assert len(lines(file)) == 1
    file.unlink()
    file.mkdir()
    trail.stopped()
    Trail(settings_in(tmp_path / "state"), "work").stopped()
    assert file.stat().st_mode & 0o777
