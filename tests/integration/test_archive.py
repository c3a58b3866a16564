"""The embedded PACS of the demo, and the modality that sends to it."""

import threading
from pathlib import Path

import pytest
from pydicom import Dataset, dcmread
from pydicom.dataset import FileMetaDataset
from pydicom.uid import DigitalXRayImageStorageForPresentation, ExplicitVRLittleEndian, generate_uid

from dicom_node.operate.archive import Archive
from dicom_node.operate.modality import NotAccepted, send


def _image(folder: Path, number: int) -> Path:
    ds = Dataset()
    ds.file_meta = FileMetaDataset()
    ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    ds.file_meta.MediaStorageSOPClassUID = ds.SOPClassUID = DigitalXRayImageStorageForPresentation
    ds.file_meta.MediaStorageSOPInstanceUID = ds.SOPInstanceUID = generate_uid(entropy_srcs=[str(number)])
    ds.StudyInstanceUID = generate_uid(entropy_srcs=["study"])
    ds.PatientName = f"PHANTOM^{number}"
    path = folder / f"{number}.dcm"
    ds.save_as(path, enforce_file_format=True)
    return path


def _send(files: list[Path], archive: Archive) -> list[str]:
    sent = send(files, host=archive.host, port=archive.port, called_ae_title=archive.ae_title, calling_ae_title="TEST")
    return [each.sop_instance_uid for each in sent]


def test_what_is_sent_lies_on_disk_and_in_the_list(tmp_path: Path) -> None:
    files = [_image(tmp_path, number) for number in range(3)]
    with Archive(tmp_path / "archive") as archive:
        uids = _send(files, archive)
        objects = archive.objects()
    assert [each.sop_instance_uid for each in objects] == uids
    for file, stored in zip(files, objects, strict=True):
        assert dcmread(stored.path) == dcmread(file)
        assert stored.study_instance_uid == dcmread(file).StudyInstanceUID


def test_the_same_object_twice_is_kept_twice(tmp_path: Path) -> None:
    file = _image(tmp_path, 1)
    with Archive(tmp_path / "archive") as archive:
        _send([file, file], archive)
        first, second = archive.objects()
    assert first.path != second.path
    assert first.arrived_s < second.arrived_s


def test_waiting_ends_when_enough_is_there_or_time_is_up(tmp_path: Path) -> None:
    files = [_image(tmp_path, number) for number in range(2)]
    with Archive(tmp_path / "archive") as archive:
        assert not archive.wait_for(lambda objects: len(objects) >= 2, 0.05)
        sender = threading.Thread(target=_send, args=(files, archive))
        sender.start()
        assert archive.wait_for(lambda objects: len(objects) >= 2, 10)
        sender.join()


def test_an_object_that_cannot_be_written_is_refused_with_a700(tmp_path: Path) -> None:
    (tmp_path / "archive").write_text("a file where the folder should be")
    with Archive(tmp_path / "archive") as archive, pytest.raises(NotAccepted, match=r"1\.dcm: status A700"):
        _send([_image(tmp_path, 1)], archive)
    assert archive.objects() == ()


def test_a_modality_without_an_association_says_who_called_whom(tmp_path: Path) -> None:
    with Archive(tmp_path / "archive") as archive:
        pass
    with pytest.raises(NotAccepted, match="no association from TEST to ARCHIVE"):
        _send([_image(tmp_path, 1)], archive)
