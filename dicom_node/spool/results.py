"""The results of one image version: objects written once, and the manifest that names them."""

import hashlib
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

from pydicom import Dataset

from dicom_node.report.rendition import PictureCompression
from dicom_node.spool.durable import make_directory, write_atomically
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
    """Make the objects durable, each as NAME.dcm, the summary as reading.json, and last the manifest.

    The manifest makes the results final: where one exists, it is returned and nothing is written, because its
    objects may have been sent. objects: in the order they are sent; their names differ.
    Raises SpoolUnwritable, StorageFull.
    """
    folder = layout.results(key)
    with spool_faults():
        if (folder / MANIFEST).exists():
            return read_results(layout, key)
        make_directory(folder)
        stored = StoredResults(key, tuple(_write_object(folder, new) for new in objects))
        for each in stored.objects:
            note_made(layout, each.sop_instance_uid)
        write_atomically(folder / SUMMARY, json.dumps(summary, indent=1).encode())
        write_atomically(folder / MANIFEST, _manifest(stored))
    return stored


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
