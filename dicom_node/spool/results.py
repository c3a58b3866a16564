"""The results of one image version: objects written once, and the manifest that names them."""

import errno
import hashlib
import json
import os
import re
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

from pydicom import Dataset

from dicom_node.report.rendition import PictureCompression
from dicom_node.spool.durable import fsync_directory, make_directory, write_atomically
from dicom_node.spool.layout import Layout
from dicom_node.spool.made import note_made
from dicom_node.spool.store import spool_faults

MANIFEST = "manifest.json"
SUMMARY = "reading.json"


@dataclass(frozen=True)
class StoredObject:
    """One finished DICOM file: kind is a `report.contract.ObjectKind` value; sha256 is that of the file, in hex.

    compression: a `report.rendition.PictureCompression` value, of the picture that it is or refers to.
    """

    kind: str
    path: Path
    sop_class_uid: str
    sop_instance_uid: str
    sha256: str
    compression: str = PictureCompression.NONE.value


@dataclass(frozen=True)
class NewObject:
    """A data set with file meta, to be stored as its kind and compression; see `StoredObject`."""

    kind: str
    dataset: Dataset
    compression: str = PictureCompression.NONE.value

    @property
    def name(self) -> str:
        """The file's name without its suffix. Raises ValueError for a kind or compression that is no name."""
        plain = self.compression == PictureCompression.NONE.value
        name = self.kind if plain else f"{self.kind}-{self.compression}"
        if not re.fullmatch(r"[a-z0-9-]{1,40}", name):
            raise ValueError("a kind of object is lower-case letters, digits and hyphens")
        return name


@dataclass(frozen=True)
class StoredResults:
    """All objects of an image version, in the order they are sent."""

    key: str
    objects: tuple[StoredObject, ...]


def write_results(layout: Layout, key: str, objects: Sequence[NewObject], summary: dict[str, Any]) -> StoredResults:
    """Make the objects durable, each as NAME.dcm, the summary as reading.json, and the manifest, all at once.

    They are written beside, and the folder is renamed. The first results are final: where there are some, they are
    returned, because their objects may have been sent; so it is also where two processes write at a time, such as one
    that was stopped, and went on after its job was taken over. objects: in the order they are sent; their names differ.
    Raises SpoolUnwritable, StorageFull.
    """
    folder = layout.results(key)
    with spool_faults():
        if not (folder / MANIFEST).exists():
            make_directory(folder.parent)
            draft = Path(mkdtemp(prefix=f"{key}.", suffix=".part", dir=folder.parent))
            try:
                _write_draft(layout, draft, key, objects, summary)
                _make_final(draft, folder)
            finally:
                # Those of processes that died with it in hand too.
                for left in folder.parent.glob(f"{key}.*.part"):
                    shutil.rmtree(left, ignore_errors=True)
        return read_results(layout, key)


def read_results(layout: Layout, key: str) -> StoredResults:
    """The results that `write_results` made final. Raises FileNotFoundError where there are none."""
    folder = layout.results(key)
    entries = json.loads((folder / MANIFEST).read_bytes())["objects"]
    return StoredResults(key, tuple(StoredObject(path=folder / entry.pop("file"), **entry) for entry in entries))


def destinations_of(layout: Layout, key: str) -> tuple[str, ...]:
    """Where the final results of an image version go, as it was settled when they were made; none without results."""
    folder = layout.results(key)
    if not (folder / MANIFEST).exists():
        return ()
    return tuple(json.loads((folder / SUMMARY).read_bytes())["destinations"])


def _write_draft(layout: Layout, draft: Path, key: str, objects: Sequence[NewObject], summary: dict[str, Any]) -> None:
    stored = StoredResults(key, tuple(_write_object(draft, new) for new in objects))
    for each in stored.objects:
        note_made(layout, each.sop_instance_uid)
    write_atomically(draft / SUMMARY, json.dumps(summary, indent=1).encode())
    write_atomically(draft / MANIFEST, _manifest(stored))


def _make_final(draft: Path, folder: Path) -> None:
    """Rename the draft to the folder, unless results are there: a folder that is not empty is never replaced."""
    if folder.is_dir():
        _empty_unfinished(folder)
    try:
        os.rename(draft, folder)
    except OSError as error:
        if error.errno not in (errno.ENOTEMPTY, errno.EEXIST) and not (folder / MANIFEST).exists():
            raise
    fsync_directory(folder.parent)


def _empty_unfinished(folder: Path) -> None:
    """A folder without a manifest is what an earlier version of the node left, which wrote in place.

    By its descriptor: another process may put the finished folder into its place meanwhile.
    """
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        names = os.listdir(descriptor)
        for name in () if MANIFEST in names else names:
            os.unlink(name, dir_fd=descriptor)
    finally:
        os.close(descriptor)


def _write_object(folder: Path, new: NewObject) -> StoredObject:
    path, ds = folder / f"{new.name}.dcm", new.dataset
    buffer = BytesIO()
    ds.save_as(buffer, enforce_file_format=True)
    data = buffer.getvalue()
    write_atomically(path, data)
    sha256 = hashlib.sha256(data).hexdigest()
    return StoredObject(new.kind, path, str(ds.SOPClassUID), str(ds.SOPInstanceUID), sha256, new.compression)


def _manifest(stored: StoredResults) -> bytes:
    entries = [
        {
            "kind": each.kind,
            "file": each.path.name,
            "sop_class_uid": each.sop_class_uid,
            "sop_instance_uid": each.sop_instance_uid,
            "sha256": each.sha256,
            "compression": each.compression,
        }
        for each in stored.objects
    ]
    return json.dumps({"key": stored.key, "objects": entries}, indent=1).encode()
