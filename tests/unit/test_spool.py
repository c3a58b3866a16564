"""The spool: what is accepted stands there whole, once, with where it came from; results are written once."""

import errno
import json
import os
import threading
from datetime import UTC, datetime
from pathlib import Path

import pytest
from pydicom import dcmread
from pydicom.uid import DeflatedExplicitVRLittleEndian

from dicom_node.errors import ObjectUnreadable, SpoolUnwritable, StorageFull
from dicom_node.spool import durable
from dicom_node.spool.durable import make_directory, write_atomically
from dicom_node.spool.identity import content_sha256, identify
from dicom_node.spool.layout import Layout
from dicom_node.spool.origin import Origin, read_provenance
from dicom_node.spool.refusals import LIMIT, Refusal, RefusalLog
from dicom_node.spool.results import NewObject, StoredResults, read_results, write_results
from dicom_node.spool.store import Inbox
from tests.support.receiving import image, write_image

ORIGIN = Origin("MODALITY", "BONEAGE", "192.0.2.7", datetime(2026, 11, 2, 8, 30, tzinfo=UTC), "stat")


@pytest.fixture
def inbox(tmp_path: Path) -> Inbox:
    inbox = Inbox(Layout(tmp_path / "state"))
    inbox.prepare()
    return inbox


def arriving(inbox: Inbox, **options: object) -> Path:
    """An image as the receiver has it in incoming/."""
    return write_image(inbox.layout.incoming / "image.part", **options)


def test_an_accepted_image_is_moved_into_place_with_its_origin(inbox: Inbox) -> None:
    path = arriving(inbox)
    content = path.read_bytes()
    arrival = inbox.accept(path, ORIGIN)
    assert arrival.is_new
    assert inbox.layout.image(arrival.key).read_bytes() == content
    assert not path.exists()
    assert list(inbox.keys()) == [arrival.key]
    found = read_provenance(inbox.layout, arrival.key)
    assert found.origin == ORIGIN
    assert found.sop_instance_uid == image().SOPInstanceUID


def test_the_same_data_set_under_another_file_header_is_the_same_image(inbox: Inbox) -> None:
    ds = image()
    first = inbox.accept(arriving(inbox), ORIGIN)
    ds = dcmread(inbox.layout.image(first.key))
    ds.file_meta.ImplementationVersionName = "ANOTHER"
    path = inbox.layout.incoming / "again.part"
    ds.save_as(path)
    again = inbox.accept(path, ORIGIN)
    assert (again.key, again.is_new) == (first.key, False)
    assert not path.exists()


def test_changed_pixels_under_the_same_uid_are_another_image(inbox: Inbox) -> None:
    first = inbox.accept(arriving(inbox), ORIGIN)
    ds = dcmread(inbox.layout.image(first.key))
    ds.PixelData = bytes(reversed(ds.PixelData))
    path = inbox.layout.incoming / "changed.part"
    ds.save_as(path)
    assert inbox.accept(path, ORIGIN).key != first.key
    assert len(list(inbox.keys())) == 2


def test_everything_is_synced_before_accept_returns(inbox: Inbox, monkeypatch: pytest.MonkeyPatch) -> None:
    steps: list[str] = []
    fsync_file, fsync_directory, replace = durable.fsync_file, durable.fsync_directory, os.replace

    def noted(step: str, path: Path) -> None:
        steps.append(f"{step} {path.name}")

    monkeypatch.setattr(durable, "fsync_file", lambda path: (noted("sync", path), fsync_file(path)))
    monkeypatch.setattr(durable, "fsync_directory", lambda path: (noted("sync", path), fsync_directory(path)))
    monkeypatch.setattr(os, "replace", lambda part, final: (noted("rename to", final), replace(part, final)))
    key = inbox.accept(arriving(inbox), ORIGIN).key
    at = {step: place for place, step in enumerate(steps)}
    assert at[f"sync {key[:2]}"] < at["rename to origin.json"] < at["sync image.part"] < at["rename to source.dcm"]
    assert steps[-2:] == ["rename to source.dcm", f"sync {key}"]


def test_one_image_from_many_threads_is_one_image(inbox: Inbox) -> None:
    paths = [write_image(inbox.layout.incoming / f"{number}.part") for number in range(8)]
    keys: list[str] = []
    threads = [threading.Thread(target=lambda p=path: keys.append(inbox.accept(p, ORIGIN).key)) for path in paths]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(keys) == 8
    assert list(inbox.keys()) == [keys[0]] == sorted(set(keys))


def test_below_the_reserve_nothing_is_accepted_and_the_file_stays(tmp_path: Path) -> None:
    inbox = Inbox(Layout(tmp_path / "state"), minimum_free_mib=10**9)
    inbox.prepare()
    path = arriving(inbox)
    with pytest.raises(StorageFull, match="kept in reserve"):
        inbox.accept(path, ORIGIN)
    assert path.exists()


@pytest.mark.parametrize(
    ("number", "error"), [(errno.ENOSPC, StorageFull), (errno.EDQUOT, StorageFull), (errno.EROFS, SpoolUnwritable)]
)
def test_what_the_file_system_says_gets_its_name(
    inbox: Inbox, monkeypatch: pytest.MonkeyPatch, number: int, error: type[Exception]
) -> None:
    def fail(*_: object) -> None:
        raise OSError(number, "injected")

    path = arriving(inbox)
    monkeypatch.setattr(os, "replace", fail)
    with pytest.raises(error):
        inbox.accept(path, ORIGIN)
    assert list(inbox.keys()) == []
    assert list(inbox.layout.images.rglob("*.part")) == []


@pytest.mark.parametrize("content", [b"", b"\0" * 128 + b"DICM", os.urandom(4096)])
def test_bytes_that_are_no_dicom_object_are_unreadable(inbox: Inbox, content: bytes) -> None:
    path = inbox.layout.incoming / "junk.part"
    path.write_bytes(content)
    with pytest.raises(ObjectUnreadable):
        inbox.accept(path, ORIGIN)


def test_the_identity_of_a_deflated_object_is_read_without_inflating_it_all(tmp_path: Path) -> None:
    path = write_image(tmp_path / "image.dcm", side=1024, syntax=DeflatedExplicitVRLittleEndian)
    identity = identify(path)
    assert identity.sop_instance_uid == image().SOPInstanceUID
    assert len(content_sha256(path, identity)) == 64


def test_a_deferred_image_is_remembered_until_it_is_settled(inbox: Inbox) -> None:
    key = inbox.accept(arriving(inbox), ORIGIN).key
    inbox.defer(key)
    inbox.defer(key)
    assert Inbox(inbox.layout).deferred() == [key]
    inbox.settle(key)
    inbox.settle(key)
    assert inbox.deferred() == []


def test_leftovers_go_and_files_that_still_grow_stay(inbox: Inbox) -> None:
    for name in ("old.part", "tmpold.dcm", "young.part"):
        (inbox.layout.incoming / name).write_bytes(b"x")
    for name in ("old.part", "tmpold.dcm"):
        os.utime(inbox.layout.incoming / name, (0, 0))
    assert inbox.sweep_incoming(untouched_s=60) == 2
    assert [path.name for path in inbox.layout.incoming.iterdir()] == ["young.part"]


def result(kind: str, seed: int, compression: str = "none") -> NewObject:
    return NewObject(kind, image(seed=seed), compression)


def test_results_are_read_as_they_were_written(tmp_path: Path) -> None:
    layout = Layout(tmp_path)
    written = write_results(layout, "ab" * 32, [result("report", 1), result("capture", 2)], {"status": "read"})
    assert read_results(layout, "ab" * 32) == written
    assert [each.kind for each in written.objects] == ["report", "capture"]
    assert written.objects[0].path.name == "report.dcm"
    assert dcmread(written.objects[1].path).SOPInstanceUID == written.objects[1].sop_instance_uid


def test_results_of_several_compressions_lie_beside_each_other(tmp_path: Path) -> None:
    layout = Layout(tmp_path)
    new = [result("report", 1), result("report", 2, "jpeg"), result("capture", 3, "rle")]
    written = write_results(layout, "ab" * 32, new, {})
    assert [each.path.name for each in written.objects] == ["report.dcm", "report-jpeg.dcm", "capture-rle.dcm"]
    assert [each.compression for each in read_results(layout, "ab" * 32).objects] == ["none", "jpeg", "rle"]


def test_a_manifest_from_before_there_were_compressions_is_read_as_uncompressed(tmp_path: Path) -> None:
    layout, key = Layout(tmp_path), "ab" * 32
    write_results(layout, key, [result("report", 1)], {})
    path = layout.results(key) / "manifest.json"
    manifest = json.loads(path.read_bytes())
    del manifest["objects"][0]["compression"]
    path.write_text(json.dumps(manifest))
    assert [each.compression for each in read_results(layout, key).objects] == ["none"]


def test_results_with_a_manifest_are_never_written_again(tmp_path: Path) -> None:
    layout, key = Layout(tmp_path), "ab" * 32
    first = write_results(layout, key, [result("report", 1)], {})
    content = first.objects[0].path.read_bytes()
    assert write_results(layout, key, [result("report", 2), result("capture", 3)], {}) == first
    assert first.objects[0].path.read_bytes() == content


def test_of_two_that_write_results_at_once_the_first_wins_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    layout, key = Layout(tmp_path), "ab" * 32
    first: list[StoredResults] = []
    rename = os.rename

    def overtaken(draft: Path, folder: Path) -> None:
        monkeypatch.setattr(os, "rename", rename)
        first.append(write_results(layout, key, [result("report", 1)], {"status": "first"}))
        rename(draft, folder)

    monkeypatch.setattr(os, "rename", overtaken)
    late = write_results(layout, key, [result("report", 2), result("capture", 3)], {"status": "late"})
    assert late == first[0]
    assert sorted(path.name for path in layout.results(key).iterdir()) == [
        "manifest.json",
        "reading.json",
        "report.dcm",
    ]
    assert json.loads((layout.results(key) / "reading.json").read_bytes()) == {"status": "first"}
    assert list(layout.results(key).parent.iterdir()) == [layout.results(key)]


def test_what_an_interrupted_process_left_of_results_gives_way(tmp_path: Path) -> None:
    layout, key = Layout(tmp_path), "ab" * 32
    for left in (layout.results(key), layout.results(key).with_suffix(".dead.part")):
        make_directory(left)
        (left / "capture.dcm").write_bytes(b"half")
    write_results(layout, key, [result("report", 1)], {})
    assert sorted(path.name for path in layout.results(key).iterdir()) == [
        "manifest.json",
        "reading.json",
        "report.dcm",
    ]
    assert list(layout.results(key).parent.iterdir()) == [layout.results(key)]


def test_results_without_a_manifest_are_none(tmp_path: Path) -> None:
    layout, key = Layout(tmp_path), "ab" * 32
    write_results(layout, key, [result("report", 1)], {})
    (layout.results(key) / "manifest.json").unlink()
    with pytest.raises(FileNotFoundError):
        read_results(layout, key)


def test_a_kind_that_is_no_file_name_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="kind"):
        write_results(Layout(tmp_path), "ab" * 32, [result("../report", 1)], {})


def test_a_failed_write_leaves_the_old_file_and_no_part(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "file"
    write_atomically(path, b"old")

    def fail(*_: object) -> None:
        raise OSError(errno.EIO, "injected")

    monkeypatch.setattr(os, "replace", fail)
    with pytest.raises(OSError, match="injected"):
        write_atomically(path, b"new")
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_directories_are_made_with_their_parents(tmp_path: Path) -> None:
    make_directory(tmp_path / "a" / "b")
    make_directory(tmp_path / "a" / "b")
    assert (tmp_path / "a" / "b").is_dir()


def test_refusals_alike_share_a_line_and_the_oldest_are_dropped(tmp_path: Path) -> None:
    log = RefusalLog(tmp_path / "refused.jsonl")
    for number in range(LIMIT + 5):
        log.add(Refusal(f"CALLER{number}", "BONEAGE", "192.0.2.7", "calling-ae-title", "MODALITY", "first"))
    log.add(Refusal("CALLER50", "BONEAGE", "192.0.2.7", "calling-ae-title", "MODALITY", "later"))
    found = log.read()
    assert len(found) == LIMIT
    assert found[0].calling_ae_title == "CALLER5"
    assert (found[-1].calling_ae_title, found[-1].times, found[-1].last_at) == ("CALLER50", 2, "later")
