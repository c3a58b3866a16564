"""The file of an object that arrives, on a disk with too little room for it."""

import errno
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any

import pytest

from dicom_node.receive import dataset
from tests.support.receiving import Running, association, image, receiving, settings_in

MOST_BYTES = 1000
SUCCESS, OUT_OF_RESOURCES = 0x0000, 0xA700


class Stingy:
    """An unbuffered file that takes a part of each write, as one does whose disk has room for a part."""

    def __init__(self, **options: Any) -> None:
        self._file = NamedTemporaryFile(**options)  # noqa: SIM115
        self.name = self._file.name

    def write(self, data: Any) -> int:
        return self._file.write(bytes(data[:MOST_BYTES]))

    def fileno(self) -> int:
        return self._file.fileno()

    def close(self) -> None:
        self._file.close()


class Full(Stingy):
    """A file that can be made and takes nothing."""

    def write(self, data: Any) -> int:
        raise OSError(errno.ENOSPC, "no space left")


def send(running: Running) -> int:
    with association(running.port) as assoc:
        return int(assoc.send_c_store(image()).Status)


def test_an_object_is_stored_whole_where_each_write_takes_a_part(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with receiving(settings_in(tmp_path / "plain")) as running:
        send(running)
        whole = running.stored()
    monkeypatch.setattr(dataset, "NamedTemporaryFile", Stingy)
    with receiving(settings_in(tmp_path / "stingy")) as running:
        assert send(running) == SUCCESS
        assert running.stored() == whole, "the key holds the content's hash"


def test_nothing_is_left_of_an_object_whose_header_finds_no_room(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dataset, "NamedTemporaryFile", Full)
    with receiving(settings_in(tmp_path)) as running:
        assert send(running) == OUT_OF_RESOURCES
        assert running.incoming() == []
