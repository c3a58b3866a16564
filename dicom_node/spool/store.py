"""The inbox: image versions, each stored once, durable before `accept` returns.

`accept` in steps: room on the disk; identity and content hash, hence the key; a known key ends here, as a duplicate,
also where its files were removed since; origin.json durable; the data set fsynced and renamed into place; its folder
fsynced. The rename comes last, so a folder with source.dcm is complete.
"""

import errno
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import time

from dicom_node.errors import SpoolUnwritable, StorageFull
from dicom_node.spool.durable import commit, fsync_directory, make_directory, write_atomically
from dicom_node.spool.holding import is_held, shared
from dicom_node.spool.identity import content_sha256, identify
from dicom_node.spool.layout import Layout, image_key
from dicom_node.spool.origin import Origin, provenance, write_provenance

MIB = 1 << 20
ROOM_AGAIN = 1.1
"""After too little room, images are accepted again once so much of the reserve is free: not to and fro at its edge."""
LEFTOVERS = ("*.part", "tmp*.dcm")
"""What a cut association or a killed process leaves in incoming/."""


@dataclass(frozen=True)
class Arrival:
    """The key of an image version. is_new: it was not there before. is_stored: its files were not removed since."""

    key: str
    is_new: bool
    is_stored: bool = True


@contextmanager
def spool_faults() -> Iterator[None]:
    """Name what the file system says: StorageFull where there is no room, else SpoolUnwritable."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise StorageFull("no space left in the spool") from error
        raise SpoolUnwritable(f"spool: {error.strerror or type(error).__name__}") from error


class Inbox:
    """Stored images of one storage directory. Any number of threads and processes may accept at a time."""

    def __init__(self, layout: Layout, *, minimum_free_mib: int = 0) -> None:
        self.layout = layout
        self._minimum_free_bytes = minimum_free_mib * MIB
        self._is_full = False

    def prepare(self) -> None:
        """Make the directories. Raises SpoolUnwritable, StorageFull."""
        with spool_faults():
            for directory in (self.layout.incoming, self.layout.images, self.layout.deferred):
                make_directory(directory)

    def require_room(self) -> None:
        """Raises StorageFull where less is free than is kept in reserve, or was and is no tenth more yet."""
        with spool_faults():
            free_bytes = shutil.disk_usage(self.layout.root).free
        self._is_full = free_bytes < self._minimum_free_bytes * (ROOM_AGAIN if self._is_full else 1)
        if self._is_full:
            reserve_mib = self._minimum_free_bytes // MIB
            raise StorageFull(f"{free_bytes // MIB} MiB are free, {reserve_mib} MiB are kept in reserve")

    def accept(self, dataset_path: Path, origin: Origin) -> Arrival:
        """Move the file (DICOM, on the spool's file system) into the inbox; it is durable when this returns.

        Raises StorageFull, SpoolUnwritable, ObjectUnreadable; the file is then where it was.
        """
        self.require_room()
        with spool_faults():
            identity = identify(dataset_path)
            content = content_sha256(dataset_path, identity)
            key = image_key(identity.sop_instance_uid, content)
            image = self.layout.image(key)
            if image.exists():
                # Another association may have renamed it a moment ago, and not yet synced the folder.
                fsync_directory(image.parent)
                dataset_path.unlink()
                return Arrival(key, is_new=False)
            if self.layout.memory(key).exists():
                dataset_path.unlink()
                return Arrival(key, is_new=False, is_stored=False)
            with shared(self.layout.arriving):
                make_directory(image.parent)
                write_provenance(self.layout, key, provenance(origin, identity, content))
                commit(dataset_path, image)
        return Arrival(key, is_new=True)

    def keys(self) -> Iterator[str]:
        """The keys of all stored images, in no order that means anything."""
        for folder in self.layout.images.glob("*/*"):
            if (folder / "source.dcm").exists():
                yield folder.name

    def defer(self, key: str) -> None:
        """Remember, durably, that the image still waits for its job. Raises SpoolUnwritable, StorageFull."""
        with spool_faults():
            write_atomically(self.layout.deferred / key, b"")

    def deferred(self) -> list[str]:
        """The keys of stored images that wait for their job; none where no receiver ever ran."""
        if not self.layout.deferred.exists():
            return []
        with spool_faults():
            marked = sorted(entry.name for entry in os.scandir(self.layout.deferred) if entry.name.isalnum())
        return [key for key in marked if self.layout.image(key).exists()]

    def settle(self, key: str) -> None:
        """The image has its job: forget that it waited."""
        with spool_faults():
            (self.layout.deferred / key).unlink(missing_ok=True)

    def sweep_incoming(self, *, untouched_s: float) -> int:
        """Remove leftovers that nobody has written to for that long, nor has open; says how many."""
        swept = 0
        with spool_faults():
            leftovers = [path for pattern in LEFTOVERS for path in self.layout.incoming.glob(pattern)]
            for path in leftovers:
                try:
                    if time() - path.stat().st_mtime >= untouched_s and not is_held(path):
                        path.unlink()
                        swept += 1
                except FileNotFoundError:  # received, or swept by another process
                    continue
        return swept
