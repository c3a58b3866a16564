"""The storage SCP, called by DCMTK's and pynetdicom's SCUs over loopback."""

import socket
import struct
import threading
import time
from contextlib import closing
from io import BytesIO
from pathlib import Path

import pytest
from pydicom import Dataset, dcmread, dcmwrite
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
)
from pynetdicom import AE, evt
from pynetdicom.sop_class import SecondaryCaptureImageStorage  # type: ignore[attr-defined]

from dicom_node.errors import StorageFull
from dicom_node.jobs.contract import Priority
from dicom_node.receive.run import housekeep
from dicom_node.receive.scp import CannotListen
from dicom_node.settings import Settings
from dicom_node.spool.origin import read_provenance
from dicom_node.spool.refusals import Refusal, RefusalLog
from tests.faults.raw_peer import RawPeer
from tests.support import tools
from tests.support.receiving import (
    LOOPBACK,
    RecordingQueue,
    Running,
    association,
    image,
    receiving,
    settings_in,
    write_image,
)
from tests.support.scp import RESULT_CLASSES


def data_set_of(ds: Dataset) -> bytes:
    """Its bytes in explicit little endian."""
    buffer = BytesIO()
    dcmwrite(buffer, ds, implicit_vr=False, little_endian=True, enforce_file_format=False)
    return buffer.getvalue()


def wait_until(condition: object, *, timeout_s: float = 5.0) -> bool:
    deadline = time.monotonic() + timeout_s
    while time.monotonic() < deadline:
        if condition():  # type: ignore[operator]
            return True
        time.sleep(0.02)
    return False


def refusals(node: Running, *, times: int) -> list[Refusal]:
    """What was written down, once it counts so many calls: that follows the rejection."""
    log = RefusalLog(node.inbox.layout.refused)
    assert wait_until(lambda: sum(each.times for each in log.read()) == times)
    return log.read()


@pytest.mark.dcmtk
def test_dcmtk_stores_an_image_and_hears_success_after_it_is_in_the_spool(tmp_path: Path) -> None:
    path = write_image(tmp_path / "image.dcm", side=512)
    with receiving(settings_in(tmp_path / "state")) as node:
        arguments = ("-v", "-aet", "MODALITY", "-aec", "BONEAGE", LOOPBACK, node.port, path)
        result = tools.run("storescu", *arguments)
        assert result.returncode == 0, result.stderr
        assert "Received Store Response (Success)" in result.stdout + result.stderr
        (key,) = node.stored()
        assert node.queue.keys == [(key, Priority.ROUTINE)]
        assert node.incoming() == []
    stored = dcmread(node.inbox.layout.image(key))
    assert stored.PixelData == dcmread(path).PixelData
    assert stored.file_meta.MediaStorageSOPInstanceUID == stored.SOPInstanceUID
    found = read_provenance(node.inbox.layout, key)
    assert (found.origin.calling_ae_title, found.origin.host) == ("MODALITY", LOOPBACK)
    assert found.sop_instance_uid == stored.SOPInstanceUID


@pytest.mark.dcmtk
@pytest.mark.parametrize(
    ("option", "syntax"),
    [("-xe", ExplicitVRLittleEndian), ("-xb", ExplicitVRLittleEndian), ("-xi", ImplicitVRLittleEndian)],
)
def test_explicit_little_endian_is_taken_wherever_dcmtk_offers_it(tmp_path: Path, option: str, syntax: str) -> None:
    path = write_image(tmp_path / "image.dcm")
    with receiving(settings_in(tmp_path / "state")) as node:
        result = tools.run("storescu", option, "-aet", "MODALITY", "-aec", "BONEAGE", LOOPBACK, node.port, path)
        assert result.returncode == 0, result.stderr
        (key,) = node.stored()
    assert read_provenance(node.inbox.layout, key).transfer_syntax_uid == syntax
    assert dcmread(node.inbox.layout.image(key)).Rows == 64


@pytest.mark.dcmtk
def test_dcmtk_echo_is_answered(tmp_path: Path) -> None:
    with receiving(settings_in(tmp_path / "state")) as node:
        result = tools.run("echoscu", "-aet", "MODALITY", "-aec", "BONEAGE", LOOPBACK, node.port)
    assert result.returncode == 0, result.stderr


@pytest.mark.dcmtk
def test_a_wrong_called_ae_title_is_rejected_with_that_reason(tmp_path: Path) -> None:
    with receiving(settings_in(tmp_path / "state")) as node:
        result = tools.run("echoscu", "-aet", "MODALITY", "-aec", "SOMEBODY", LOOPBACK, node.port)
        (refusal,) = refusals(node, times=1)
    assert result.returncode != 0
    assert "Called AE Title Not Recognized" in result.stdout + result.stderr
    assert (refusal.calling_ae_title, refusal.called_ae_title) == ("MODALITY", "SOMEBODY")
    assert (refusal.reason, refusal.configured) == ("called-ae-title", "BONEAGE")


@pytest.mark.dcmtk
def test_an_unknown_caller_is_rejected_with_that_reason_and_counted(tmp_path: Path) -> None:
    with receiving(settings_in(tmp_path / "state")) as node:
        for _ in range(2):
            result = tools.run("echoscu", "-aet", "STRANGER", "-aec", "BONEAGE", LOOPBACK, node.port)
            assert "Calling AE Title Not Recognized" in result.stdout + result.stderr
        (refusal,) = refusals(node, times=2)
    assert "MODALITY" in refusal.configured


def test_a_known_ae_title_from_another_host_is_rejected(tmp_path: Path) -> None:
    with receiving(settings_in(tmp_path / "state")) as node, association(node.port, calling="ELSEWHERE") as assoc:
        assert assoc.is_rejected
        (refusal,) = refusals(node, times=1)
    assert (refusal.reason, refusal.host, refusal.configured) == ("host", LOOPBACK, "192.0.2.1")


def test_a_peer_that_may_only_receive_may_verify_and_not_store(tmp_path: Path) -> None:
    with receiving(settings_in(tmp_path / "state")) as node, association(node.port, calling="VIEWER") as assoc:
        assert assoc.send_c_echo().Status == 0
        assert [str(cx.abstract_syntax) for cx in assoc.accepted_contexts] == ["1.2.840.10008.1.1"]


def test_one_association_more_than_allowed_is_rejected_for_now(tmp_path: Path) -> None:
    with receiving(settings_in(tmp_path / "state", maximum_associations=1)) as node:
        with association(node.port) as first, association(node.port) as second:
            assert first.is_established
            answer = second.acceptor.primitive
            assert (answer.result, answer.result_source, answer.diagnostic) == (2, 3, 2)
        assert wait_until(lambda: node.receiver.open_associations == 0)
        with association(node.port) as third:
            assert third.is_established


def test_half_open_connections_take_no_place_and_leave_no_threads(tmp_path: Path) -> None:
    with receiving(settings_in(tmp_path / "state", maximum_associations=2)) as node:
        with association(node.port) as assoc:
            assert assoc.is_established
        before = threading.active_count()
        for _ in range(100):
            socket.create_connection((LOOPBACK, node.port)).close()
        idle = [socket.create_connection((LOOPBACK, node.port)) for _ in range(4)]
        with association(node.port) as assoc:
            assert assoc.send_c_echo().Status == 0
        for connection in idle:
            connection.close()
        assert wait_until(lambda: threading.active_count() <= before)


def test_the_same_object_twice_is_one_image_and_a_changed_one_is_another(tmp_path: Path) -> None:
    ds, changed = image(), image()
    changed.PixelData = bytes(reversed(ds.PixelData))
    with receiving(settings_in(tmp_path / "state")) as node:
        for each in (ds, ds, changed):
            with association(node.port) as assoc:
                assert assoc.send_c_store(each).Status == 0
        assert len(node.stored()) == 2
        assert len(node.queue.keys) == 3
        assert node.incoming() == []


def test_a_deflated_object_is_stored(tmp_path: Path) -> None:
    ds = image(syntax=DeflatedExplicitVRLittleEndian)
    with receiving(settings_in(tmp_path / "state")) as node:
        with association(node.port, syntax=DeflatedExplicitVRLittleEndian) as assoc:
            assert assoc.send_c_store(ds).Status == 0
        (key,) = node.stored()
    assert dcmread(node.inbox.layout.image(key)).PixelData == ds.PixelData


def test_a_request_of_high_priority_goes_first(tmp_path: Path) -> None:
    with receiving(settings_in(tmp_path / "state")) as node, association(node.port) as assoc:
        assert assoc.send_c_store(image(), priority=1).Status == 0
        assert [priority for _key, priority in node.queue.keys] == [Priority.STAT]


def test_a_data_set_of_another_instance_than_the_request_is_refused_with_a900(tmp_path: Path) -> None:
    path = write_image(tmp_path / "image.dcm")
    other = dcmread(path)
    other.SOPInstanceUID = image(seed=1).SOPInstanceUID  # the file meta information names the first one
    with receiving(settings_in(tmp_path / "state")) as node, association(node.port) as assoc:
        ds = image()
        assoc.bind(evt.EVT_DIMSE_SENT, _rename_request, [str(other.SOPInstanceUID)])
        status = assoc.send_c_store(ds)
        assert status.Status == 0xA900
        assert status.ErrorComment == "identity-mismatch"
        assert node.stored() == []
        assert node.incoming() == []


def _rename_request(event: evt.Event, uid: str) -> None:
    event.message.command_set.AffectedSOPInstanceUID = uid


def test_bytes_that_are_no_data_set_are_refused_as_not_understood(tmp_path: Path) -> None:
    with receiving(settings_in(tmp_path / "state")) as node, association(node.port) as assoc:
        assoc.bind(evt.EVT_DIMSE_SENT, _spoil_data_set)
        assert assoc.send_c_store(image()).Status == 0xC000
        assert node.stored() == []
        assert node.incoming() == []


def _spoil_data_set(event: evt.Event) -> None:
    event.message.data_set.seek(0)
    event.message.data_set.truncate()
    event.message.data_set.write(b"\xff" * 4096)
    event.message.data_set.seek(0)


def test_an_object_beyond_the_limit_ends_the_association_before_it_is_complete(tmp_path: Path) -> None:
    with receiving(settings_in(tmp_path / "state", maximum_object_mib=1)) as node:
        with association(node.port) as assoc:
            status = assoc.send_c_store(image(side=2000))
            assert "Status" not in status
            assert wait_until(lambda: assoc.is_aborted)
        assert wait_until(lambda: node.receiver.open_associations == 0)
        assert node.stored() == []
        assert node.incoming() == []
        with association(node.port) as assoc:
            assert assoc.send_c_store(image()).Status == 0


def limited(directory: Path, **limits: int) -> Settings:
    """The settings of `settings_in`, with limits of the modality's own."""
    settings = settings_in(directory)
    peers = settings.peers | {"modality": settings.peers["modality"].model_copy(update=limits)}
    return settings.model_copy(update={"peers": peers})


def test_a_peer_may_have_fewer_associations_than_the_node(tmp_path: Path) -> None:
    with receiving(limited(tmp_path / "state", maximum_associations=1)) as node, association(node.port) as first:
        assert first.is_established
        with association(node.port) as second, association(node.port, calling="VIEWER") as another:
            assert second.is_rejected
            assert (second.acceptor.primitive.result, second.acceptor.primitive.diagnostic) == (2, 2)
            assert another.is_established


def test_a_peers_objects_may_be_smaller_than_the_nodes(tmp_path: Path) -> None:
    with receiving(limited(tmp_path / "state", maximum_object_mib=1)) as node, association(node.port) as assoc:
        assert "Status" not in assoc.send_c_store(image(side=2000))
        assert wait_until(lambda: assoc.is_aborted)
        assert wait_until(lambda: node.incoming() == [])
        assert node.stored() == []


def test_a_peer_that_sends_too_many_images_a_minute_hears_a700_and_nothing_is_written(tmp_path: Path) -> None:
    with receiving(limited(tmp_path / "state", images_per_minute=2)) as node, association(node.port) as assoc:
        statuses = [assoc.send_c_store(image(seed=seed)) for seed in range(4)]
        assert [each.Status for each in statuses] == [0, 0, 0xA700, 0xA700]
        assert statuses[2].ErrorComment == "peer-too-fast"
        assert len(node.stored()) == 2
        assert node.incoming() == []


def test_too_little_room_is_a700_until_there_is_room_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with receiving(settings_in(tmp_path / "state")) as node, association(node.port) as assoc:
        with monkeypatch.context() as patched:
            patched.setattr(node.inbox, "require_room", _no_room)
            status = assoc.send_c_store(image())
            assert (status.Status, status.ErrorComment) == (0xA700, "storage-full")
        assert assoc.send_c_store(image()).Status == 0


def _no_room() -> None:
    raise StorageFull("injected")


def test_a_spool_that_cannot_be_written_is_a700_and_the_association_goes_on(tmp_path: Path) -> None:
    with receiving(settings_in(tmp_path / "state")) as node, association(node.port) as assoc:
        node.inbox.layout.incoming.rmdir()
        status = assoc.send_c_store(image())
        assert (status.Status, status.ErrorComment) == (0xA700, "spool-unwritable")
        node.inbox.layout.incoming.mkdir()
        assert assoc.send_c_store(image()).Status == 0


def test_anything_unforeseen_is_c211_and_names_no_value(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def fault(*_: object) -> None:
        raise ValueError("Invented^Patient")

    with receiving(settings_in(tmp_path / "state")) as node, association(node.port) as assoc:
        monkeypatch.setattr(node.inbox, "accept", fault)
        assert assoc.send_c_store(image()).Status == 0xC211
        assert node.incoming() == []
    captured = capfd.readouterr()
    assert "Invented" not in captured.out + captured.err


def test_an_image_is_kept_while_the_job_database_is_away_and_queued_later(tmp_path: Path) -> None:
    queue = RecordingQueue(away=True)
    with receiving(settings_in(tmp_path / "state"), queue=queue) as node, association(node.port) as assoc:
        assert assoc.send_c_store(image(), priority=1).Status == 0
        (key,) = node.stored()
        housekeep(node.inbox, queue)
        assert node.inbox.deferred() == [key]
        queue.away = False
        housekeep(node.inbox, queue)
        assert queue.keys == [(key, Priority.STAT)]
        assert node.inbox.deferred() == []


def test_a_cut_association_leaves_nothing_behind(tmp_path: Path) -> None:
    with receiving(settings_in(tmp_path / "state")) as node:
        with association(node.port) as assoc:
            connection = assoc.dul.socket.socket
            sent: list[bytes] = []

            def send_half(pdu: bytes) -> None:
                sent.append(pdu)
                if len(sent) < 20:
                    connection.sendall(pdu)
                elif len(sent) == 20:
                    assert wait_until(node.incoming)
                    connection.shutdown(socket.SHUT_RDWR)

            assoc.dul.socket.send = send_half
            assert "Status" not in assoc.send_c_store(image(side=2000))
        assert len(sent) >= 20
        assert wait_until(lambda: node.receiver.open_associations == 0)
        assert node.stored() == []
        assert node.incoming() == []


def test_a_pdu_longer_than_agreed_is_not_read(tmp_path: Path) -> None:
    with receiving(settings_in(tmp_path / "state")) as node:
        with socket.create_connection((LOOPBACK, node.port)) as connection:
            connection.sendall(struct.pack(">BBL", 0x01, 0, 0xFFFFFFF0))
            connection.settimeout(5)
            assert connection.recv(1024) in (b"", b"\x07\x00\x00\x00\x00\x04\x00\x00\x02\x00")
        assert wait_until(lambda: node.receiver.open_associations == 0)


def test_an_idle_association_is_closed(tmp_path: Path) -> None:
    with receiving(settings_in(tmp_path / "state", idle_timeout_s=0.5)) as node, association(node.port) as assoc:
        assert assoc.is_established
        assert wait_until(lambda: assoc.is_aborted)
        assert wait_until(lambda: node.receiver.open_associations == 0)


def test_a_peer_that_stops_in_the_middle_of_a_pdu_is_let_go(tmp_path: Path) -> None:
    settings = settings_in(tmp_path / "state", idle_timeout_s=0.5, association_timeout_s=0.5)
    with receiving(settings) as node, socket.create_connection((LOOPBACK, node.port)) as connection:
        connection.sendall(b"\x01\x00\x00\x00\x01\x00half")
        assert wait_until(lambda: node.receiver.open_associations == 1)
        assert wait_until(lambda: node.receiver.open_associations == 0)


def test_stopping_finishes_the_object_in_hand_and_takes_no_new_association(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with receiving(settings_in(tmp_path / "state")) as node, association(node.port) as assoc:
        accept, began = node.inbox.accept, threading.Event()

        def slow_accept(*arguments: object) -> object:
            began.set()
            time.sleep(1.0)
            return accept(*arguments)  # type: ignore[arg-type]

        monkeypatch.setattr(node.inbox, "accept", slow_accept)
        statuses: list[int] = []
        sender = threading.Thread(target=lambda: statuses.append(assoc.send_c_store(image()).Status))
        sender.start()
        began.wait()
        assert node.receiver.stop(timeout_s=10.0)
        sender.join()
        assert statuses == [0]
        assert len(node.stored()) == 1
        with pytest.raises(OSError, match="refused"):
            socket.create_connection((LOOPBACK, node.port))


def test_stopping_takes_no_longer_than_allowed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with receiving(settings_in(tmp_path / "state")) as node, association(node.port) as assoc:
        monkeypatch.setattr(node.inbox, "accept", lambda *_: time.sleep(3.0))
        sender = threading.Thread(target=assoc.send_c_store, args=(image(),))
        sender.start()
        assert wait_until(node.incoming)
        began = time.monotonic()
        assert not node.receiver.stop(timeout_s=0.5)
        assert time.monotonic() - began < 2.0
        sender.join()


def test_a_port_that_is_taken_is_named(tmp_path: Path) -> None:
    with receiving(settings_in(tmp_path / "a")) as node:
        again = settings_in(tmp_path / "b", port=node.port)
        with pytest.raises(CannotListen, match=str(node.port)), receiving(again):
            pass


@pytest.mark.parametrize("uid", ["../../x", "1.2.3/../../x", "1.2\n3", "1.2\x003", "\x1b[2J", "<b>"])
def test_an_instance_uid_that_is_none_is_refused_and_names_no_file(tmp_path: Path, uid: str) -> None:
    with receiving(settings_in(tmp_path / "state")) as node:
        ds = image()
        raw = data_set_of(ds).replace(ds.SOPInstanceUID.encode().ljust(len(uid), b"1"), uid.encode())
        syntax, sop_class = str(ExplicitVRLittleEndian), str(ds.SOPClassUID)
        with closing(RawPeer(node.port, [(1, sop_class, syntax)]).open()) as peer:
            assert peer.store(1, sop_class, uid, raw) in (0xA900, 0xC000)
        assert node.stored() == []
        assert node.incoming() == []
    assert {path.name for path in tmp_path.iterdir()} == {"state"}


def test_the_nodes_own_reports_find_no_context_when_they_are_forwarded_back(tmp_path: Path) -> None:
    ae = AE(ae_title="MODALITY")
    for sop_class in RESULT_CLASSES:
        ae.add_requested_context(sop_class, ExplicitVRLittleEndian)
    with receiving(settings_in(tmp_path / "state")) as node:
        assoc = ae.associate(LOOPBACK, node.port, ae_title="BONEAGE")
        accepted = {cx.abstract_syntax for cx in assoc.accepted_contexts}
        assoc.release()
    assert accepted == {SecondaryCaptureImageStorage}
