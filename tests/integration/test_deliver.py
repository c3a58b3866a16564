"""Delivery over real associations: what goes out, and how each answer is judged."""

import hashlib
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from pydicom import Dataset, dcmread
from pydicom.dataset import FileMetaDataset
from pydicom.filebase import DicomBytesIO
from pydicom.uid import (
    ExplicitVRLittleEndian,
    GrayscaleSoftcopyPresentationStateStorage,
    ImplicitVRLittleEndian,
    JPEGBaseline8Bit,
    generate_uid,
)
from pynetdicom import evt
from pynetdicom.sop_class import Comprehensive3DSRStorage, EnhancedSRStorage, SecondaryCaptureImageStorage

from dicom_node.deliver import association, attempt, outcomes
from dicom_node.deliver.ledger import Ledger
from dicom_node.deliver.outcomes import judge_status
from dicom_node.deliver.run import HELD, deliver_stored
from dicom_node.jobs.contract import DeliveryOutcome, Verdict
from dicom_node.report.build import build_objects
from dicom_node.report.rendition import PictureCompression
from dicom_node.settings import Settings
from dicom_node.settings_network import Peer
from dicom_node.spool.layout import Layout
from dicom_node.spool.results import NewObject, StoredObject, StoredResults, write_results
from tests.support.headers import full_case, report_context
from tests.support.scp import PLAIN_SYNTAXES, RESULT_CLASSES, RecordingScp, data_set_bytes, recording_scp

KINDS = {
    "report": Comprehensive3DSRStorage,
    "report-fallback": EnhancedSRStorage,
    "capture": SecondaryCaptureImageStorage,
}
DELIVERED = DeliveryOutcome(Verdict.DELIVERED, "delivered")


def away(code: str) -> DeliveryOutcome:
    return DeliveryOutcome(Verdict.HELD, code, answered=False)


def deliver(results: StoredResults, peer: Peer, settings: Settings) -> DeliveryOutcome:
    """One attempt, with a spool beside the first object."""
    root = results.objects[0].path.parent if results.objects else Path()
    return attempt.deliver(results, peer, settings, Ledger(Layout(root), results.key, "pacs"))


def write_object(folder: Path, kind: str, *, padding: int = 20_000) -> StoredObject:
    ds = Dataset()
    ds.file_meta = FileMetaDataset()
    ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    ds.SOPClassUID = ds.file_meta.MediaStorageSOPClassUID = KINDS[kind]
    ds.SOPInstanceUID = ds.file_meta.MediaStorageSOPInstanceUID = generate_uid(entropy_srcs=[kind])
    ds.PatientName, ds.PatientID, ds.StudyInstanceUID = (
        "PHANTOM^HAND",
        "PHANTOM-1",
        generate_uid(entropy_srcs=["s"]),
    )
    # A nested item of undefined length: an encoder of today would write another length.
    item = Dataset()
    item.ReferencedSOPClassUID, item.is_undefined_length_sequence_item = KINDS[kind], True
    ds.ReferencedImageSequence = [item]
    ds["ReferencedImageSequence"].is_undefined_length = True
    ds.add_new((0x0009, 0x0010), "LO", "DICOM NODE TEST")
    ds.add_new((0x0009, 0x1001), "OB", bytes(padding))
    path = folder / f"{kind}.dcm"
    ds.save_as(path, enforce_file_format=True)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    return StoredObject(kind, path, str(ds.SOPClassUID), str(ds.SOPInstanceUID), digest)


@pytest.fixture
def results(tmp_path: Path) -> StoredResults:
    return StoredResults(key="0" * 64, objects=tuple(write_object(tmp_path, kind) for kind in KINDS))


def _settings(**delivery: float) -> Settings:
    return Settings.model_validate(
        {
            "node": {"ae_title": "BONEAGE"},
            "delivery": {"connect_timeout_s": 2, "dimse_timeout_s": 5} | delivery,
        }
    )


def _peer(port: int, **values: object) -> Peer:
    return Peer.model_validate({"ae_title": "PACS", "host": "127.0.0.1", "port": port, "may": ["receive"]} | values)


def _classes(scp: RecordingScp) -> list[str]:
    return [received.sop_class_uid for received in scp.received]


def test_the_report_and_the_picture_arrive_byte_for_byte(results: StoredResults) -> None:
    with recording_scp() as scp:
        assert deliver(results, _peer(scp.port), _settings()) == DELIVERED
    sent = {stored.sop_instance_uid: data_set_bytes(stored.path.read_bytes()) for stored in results.objects}
    assert _classes(scp) == [Comprehensive3DSRStorage, SecondaryCaptureImageStorage]
    for received in scp.received:
        assert received.data_set == sent[received.sop_instance_uid]
        assert received.transfer_syntax_uid == ExplicitVRLittleEndian
        assert received.calling_ae_title == "BONEAGE"


def test_real_objects_arrive_in_the_compression_that_the_peer_asks_for(tmp_path: Path) -> None:
    context = report_context(compressions=tuple(PictureCompression), presentation_state=True)
    new = [NewObject(str(one.kind), one.dataset, str(one.compression)) for one in build_objects(full_case(), context)]
    results = write_results(Layout(tmp_path), "ab" * 32, new, {})
    classes = [*RESULT_CLASSES, GrayscaleSoftcopyPresentationStateStorage]
    peer = {"picture_compression": "jpeg", "presentation_state": True}
    with recording_scp(sop_classes=classes, syntaxes=[*PLAIN_SYNTAXES, JPEGBaseline8Bit]) as scp:
        assert deliver(results, _peer(scp.port, **peer), _settings()) == DELIVERED
    sent = {(each.kind, each.compression): data_set_bytes(each.path.read_bytes()) for each in results.objects}
    wanted = [("report", "jpeg"), ("capture", "jpeg"), ("presentation", "none")]
    assert [received.data_set for received in scp.received] == [sent[each] for each in wanted]
    assert [received.transfer_syntax_uid for received in scp.received] == [
        ExplicitVRLittleEndian,
        JPEGBaseline8Bit,
        ExplicitVRLittleEndian,
    ]


def test_a_peer_that_prefers_implicit_vr_still_gets_the_bytes_as_they_are(results: StoredResults) -> None:
    with recording_scp(syntaxes=[ImplicitVRLittleEndian, ExplicitVRLittleEndian]) as scp:
        assert deliver(results, _peer(scp.port), _settings()) == DELIVERED
    assert {received.transfer_syntax_uid for received in scp.received} == {ExplicitVRLittleEndian}


def test_a_peer_with_implicit_vr_alone_gets_the_same_values_transcoded(results: StoredResults) -> None:
    with recording_scp(syntaxes=[ImplicitVRLittleEndian]) as scp:
        assert deliver(results, _peer(scp.port), _settings()) == DELIVERED
    report = scp.received[0]
    assert report.transfer_syntax_uid == ImplicitVRLittleEndian
    original = dcmread(results.objects[0].path)
    arrived = dcmread(DicomBytesIO(report.data_set), force=True)
    assert arrived.PatientName == original.PatientName
    assert arrived.ReferencedImageSequence == original.ReferencedImageSequence
    assert arrived[0x0009, 0x1001].value == original[0x0009, 0x1001].value


def test_text_that_its_character_set_does_not_explain_goes_out_as_it_is_when_transcoded(
    results: StoredResults,
) -> None:
    report = results.objects[0]
    data = report.path.read_bytes().replace(b"PHANTOM^HAND", b"M\xfcller^\xd6zl\xe4m"[:12])
    report.path.write_bytes(data)
    changed = replace(report, sha256=hashlib.sha256(data).hexdigest())
    with recording_scp(syntaxes=[ImplicitVRLittleEndian]) as scp:
        deliver(replace(results, objects=(changed,)), _peer(scp.port), _settings())
    assert b"M\xfcller^\xd6zl\xe4m"[:12] in scp.received[0].data_set


def test_only_the_contexts_of_the_results_are_proposed(results: StoredResults) -> None:
    with recording_scp() as scp:
        deliver(results, _peer(scp.port), _settings())
    assert scp.proposed == [
        [(kind, (syntax,)) for kind in KINDS.values() for syntax in (ExplicitVRLittleEndian, ImplicitVRLittleEndian)]
    ]


def test_a_peer_without_the_first_report_class_gets_the_fallback(results: StoredResults) -> None:
    with recording_scp(sop_classes=[EnhancedSRStorage, SecondaryCaptureImageStorage]) as scp:
        assert deliver(results, _peer(scp.port), _settings()) == DELIVERED
    assert _classes(scp) == [EnhancedSRStorage, SecondaryCaptureImageStorage]


def test_a_peer_that_accepts_the_context_but_not_the_class_gets_the_fallback(results: StoredResults) -> None:
    with recording_scp(RecordingScp(statuses={Comprehensive3DSRStorage: 0x0122})) as scp:
        assert deliver(results, _peer(scp.port), _settings()) == DELIVERED
    assert _classes(scp) == [Comprehensive3DSRStorage, EnhancedSRStorage, SecondaryCaptureImageStorage]


def test_a_peer_that_takes_no_report_gets_the_picture_and_the_rest_is_parked(results: StoredResults) -> None:
    with recording_scp(sop_classes=[SecondaryCaptureImageStorage]) as scp:
        outcome = deliver(results, _peer(scp.port), _settings())
    assert outcome == DeliveryOutcome(Verdict.PARKED, "no-presentation-context")
    assert _classes(scp) == [SecondaryCaptureImageStorage]


def test_a_peer_that_accepts_none_of_the_contexts_parks_the_results(results: StoredResults) -> None:
    with recording_scp(sop_classes=[]) as scp:
        outcome = deliver(results, _peer(scp.port), _settings())
    assert outcome == DeliveryOutcome(Verdict.PARKED, "no-presentation-context")


@pytest.mark.parametrize("status", [0xA700, 0x0110, 0xA900, 0xC123, 0x0124, 0x0122])
def test_one_object_that_is_not_taken_decides_the_outcome(results: StoredResults, status: int) -> None:
    with recording_scp(RecordingScp(statuses={SecondaryCaptureImageStorage: status})) as scp:
        assert deliver(results, _peer(scp.port), _settings()) == judge_status(status)
    assert len(scp.received) == 2


@pytest.mark.parametrize("status", [0xB000, 0x0111])
def test_a_warning_and_a_duplicate_are_delivered(results: StoredResults, status: int) -> None:
    with recording_scp(RecordingScp(statuses={SecondaryCaptureImageStorage: status})) as scp:
        assert deliver(results, _peer(scp.port), _settings()).verdict is Verdict.DELIVERED


def test_a_duplicate_that_the_destination_lists_is_delivered_and_one_that_it_does_not_is_parked(
    results: StoredResults,
) -> None:
    report, _, picture = (stored.sop_instance_uid for stored in results.objects)
    duplicates = dict.fromkeys(KINDS.values(), 0x0111)
    with recording_scp(RecordingScp(statuses=duplicates, lists=(report, picture)), queries=True) as scp:
        assert deliver(results, _peer(scp.port), _settings()) == outcomes.DUPLICATE
    with recording_scp(RecordingScp(statuses=duplicates, lists=(report,)), queries=True) as scp:
        assert deliver(results, _peer(scp.port), _settings()) == outcomes.DUPLICATE_NOT_FOUND


def test_what_was_stored_is_not_sent_again_at_the_next_attempt(results: StoredResults) -> None:
    busy = RecordingScp(statuses={SecondaryCaptureImageStorage: 0xA700})
    with recording_scp(busy) as scp:
        assert deliver(results, _peer(scp.port), _settings()).code == "a700"
        scp.statuses.clear()
        assert deliver(results, _peer(scp.port), _settings()) == DELIVERED
        assert _classes(scp) == [Comprehensive3DSRStorage, SecondaryCaptureImageStorage, SecondaryCaptureImageStorage]
        assert scp.received[1] == scp.received[2]


def test_an_unknown_calling_ae_title_is_named_as_the_reason(results: StoredResults) -> None:
    with recording_scp(require_calling=["SOMEONE"]) as scp:
        outcome = deliver(results, _peer(scp.port), _settings())
    assert outcome == away("association-rejected-calling-ae-title")


def test_a_wrong_called_ae_title_is_named_as_the_reason(results: StoredResults) -> None:
    with recording_scp(require_called=True) as scp:
        outcome = deliver(results, _peer(scp.port, ae_title="OTHER"), _settings())
    assert outcome == away("association-rejected-called-ae-title")


def test_an_association_aborted_in_the_middle_is_tried_again(results: StoredResults) -> None:
    with recording_scp(RecordingScp(abort_on=(Comprehensive3DSRStorage,))) as scp:
        started = time.monotonic()
        outcome = deliver(results, _peer(scp.port), _settings())
        assert time.monotonic() - started < 3
    assert outcome == DeliveryOutcome(Verdict.RETRY, "association-aborted")
    assert scp.received == []


def test_a_peer_that_does_not_answer_is_left_after_the_dimse_timeout(results: StoredResults) -> None:
    with recording_scp(RecordingScp(silent_on=(Comprehensive3DSRStorage,))) as scp:
        started = time.monotonic()
        outcome = deliver(results, _peer(scp.port), _settings(dimse_timeout_s=0.5))
        assert time.monotonic() - started < 3
    assert outcome == outcomes.DIMSE_TIMEOUT


def test_a_closed_port_and_an_unknown_host_are_tried_again(results: StoredResults) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    failed = away("connection-failed")
    assert deliver(results, _peer(port), _settings()) == failed
    assert deliver(results, _peer(port, host="pacs.invalid"), _settings()) == failed


def test_a_peer_with_a_host_name_is_reached(results: StoredResults) -> None:
    with recording_scp() as scp:
        assert deliver(results, _peer(scp.port, host="localhost"), _settings()) == DELIVERED


def test_a_peer_that_never_answers_the_association_is_left_after_the_timeout(results: StoredResults) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        started = time.monotonic()
        outcome = deliver(results, _peer(silent.getsockname()[1]), _settings(connect_timeout_s=0.5))
        assert time.monotonic() - started < 3
    assert outcome == away("association-timeout")


@contextmanager
def _freezing_relay(port: int) -> Iterator[int]:
    """A TCP relay that passes the association on and then reads no more, as a frozen host does."""
    done = threading.Event()
    listener = socket.create_server(("127.0.0.1", 0))

    def relay() -> None:
        with listener.accept()[0] as client, socket.create_connection(("127.0.0.1", port)) as server:
            server.sendall(client.recv(65536))
            client.sendall(server.recv(65536))
            done.wait(20)

    thread = threading.Thread(target=relay)
    thread.start()
    try:
        yield listener.getsockname()[1]
    finally:
        done.set()
        thread.join()
        listener.close()


def test_a_peer_that_stops_reading_does_not_hold_up_delivery(tmp_path: Path) -> None:
    large = write_object(tmp_path, "capture", padding=30_000_000)
    with recording_scp() as scp, _freezing_relay(scp.port) as port:
        started = time.monotonic()
        outcome = deliver(StoredResults("0" * 64, (large,)), _peer(port), _settings(dimse_timeout_s=0.5))
        assert time.monotonic() - started < 5
    assert outcome.verdict is Verdict.RETRY
    assert outcome.code in ("dimse-timeout", "association-aborted")


def test_a_changed_or_missing_file_is_not_sent(results: StoredResults) -> None:
    with recording_scp() as scp:
        path = results.objects[0].path
        path.write_bytes(path.read_bytes() + b"\0\0")
        assert deliver(results, _peer(scp.port), _settings()).code == "object-changed"
        path.unlink()
        outcome = deliver(results, _peer(scp.port), _settings())
    assert outcome == outcomes.OBJECT_CHANGED
    assert scp.received == []


def test_no_objects_need_no_association() -> None:
    assert deliver(StoredResults("0" * 64, ()), _peer(1), _settings()) == DELIVERED


def test_a_second_delivery_of_the_same_results_does_no_harm(results: StoredResults) -> None:
    with recording_scp() as scp:
        assert deliver(results, _peer(scp.port), _settings()) == DELIVERED
        assert deliver(results, _peer(scp.port), _settings()) == DELIVERED
    first, second = scp.received[:2], scp.received[2:]
    assert first == second


def test_no_thread_is_left_behind(results: StoredResults) -> None:
    with recording_scp() as scp:
        deliver(results, _peer(scp.port), _settings())
        _wait_for_no_requestor()
        deliver(results, _peer(scp.port, ae_title="PACS"), _settings())
        _wait_for_no_requestor()


def _wait_for_no_requestor() -> None:
    deadline = time.monotonic() + 3
    while any(thread.name.startswith("RequestorThread") for thread in threading.enumerate()):
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_small_packets_are_not_held_back(results: StoredResults, monkeypatch: pytest.MonkeyPatch) -> None:
    options = []
    on_open = association._Connection.on_open

    def spy(self: association._Connection, event: evt.Event) -> None:
        on_open(self, event)
        connection = event.assoc.dul.socket.socket
        options.append(connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))

    monkeypatch.setattr(association._Connection, "on_open", spy)
    with recording_scp() as scp:
        assert deliver(results, _peer(scp.port), _settings()) == DELIVERED
    assert len(options) == 1
    assert options[0] != 0


def test_while_trying_out_nothing_goes_to_another_destination(tmp_path: Path, results: StoredResults) -> None:
    layout = Layout(tmp_path / "state")
    write_results(layout, results.key, [NewObject("report", dcmread(results.objects[0].path))], {})
    with recording_scp() as scp:
        peer = {"ae_title": "PACS", "host": "127.0.0.1", "port": scp.port, "may": ["receive"]}
        node = Settings.model_validate(
            {
                "mode": "commissioning",
                "peers": {"pacs": peer, "qa": peer},
                "commissioning": {"destination": "qa"},
                "storage": {"directory": layout.root},
            }
        )
        assert deliver_stored(results.key, "pacs", node) == HELD
        assert scp.received == []
        assert deliver_stored(results.key, "qa", node) == DELIVERED
        assert len(scp.received) == 1
