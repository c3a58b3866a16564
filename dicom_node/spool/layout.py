"""Where files lie, and the key of an image version."""

import hashlib
from dataclasses import dataclass
from pathlib import Path


def image_key(sop_instance_uid: str, content_sha256: str) -> str:
    """64 hex digits that name one version of one image: same UID and content, same key."""
    return hashlib.sha256(f"{sop_instance_uid}\n{content_sha256}".encode()).hexdigest()


@dataclass(frozen=True)
class Layout:
    """Paths below one storage directory."""

    root: Path

    @property
    def incoming(self) -> Path:
        """Files that are being received."""
        return self.root / "incoming"

    @property
    def images(self) -> Path:
        """All stored image versions."""
        return self.root / "images"

    @property
    def deferred(self) -> Path:
        """An empty file for each stored image that still waits for its job."""
        return self.root / "deferred"

    @property
    def refused(self) -> Path:
        """The latest refused associations (JSON lines)."""
        return self.root / "refused.jsonl"

    @property
    def destinations(self) -> Path:
        """Which destinations are paused, and which were away when last tried."""
        return self.root / "destinations"

    @property
    def commitments(self) -> Path:
        """Requests for storage commitment, and their answers."""
        return self.root / "commitments"

    @property
    def reading_paused(self) -> Path:
        """An empty file while an operator has paused reading."""
        return self.root / "reading.paused"

    @property
    def alive(self) -> Path:
        """The last sign of life of each process."""
        return self.root / "alive"

    @property
    def arriving(self) -> Path:
        """Held shared by whoever puts an image into its folder, and alone by whoever removes folders."""
        return self.root / "arriving.lock"

    @property
    def memories(self) -> Path:
        """What is remembered of image versions whose files were removed."""
        return self.root / "removed"

    @property
    def job_database(self) -> Path:
        return self.root / "jobs.sqlite"

    @property
    def exposures(self) -> Path:
        """Which image version is read for each exposure."""
        return self.root / "exposures"

    @property
    def commissioned(self) -> Path:
        """The table of readings that is kept while the node is tried out, a JSON file a row."""
        return self.root / "commissioned"

    @property
    def made(self) -> Path:
        """An empty file for each object that was made here."""
        return self.root / "made"

    def image(self, key: str) -> Path:
        """The stored object of an image version."""
        return self._folder("images", key) / "source.dcm"

    def origin(self, key: str) -> Path:
        """Who sent the image version, and when (JSON)."""
        return self._folder("images", key) / "origin.json"

    def correction(self, key: str) -> Path:
        """What was asked for where the image version is read again (JSON)."""
        return self._folder("images", key) / "correction.json"

    def results(self, key: str) -> Path:
        """The folder of what was made of an image version."""
        return self._folder("results", key)

    def sent(self, key: str, destination: str) -> Path:
        """What a destination has of the results of an image version (JSON)."""
        return self.results(key) / "sent" / f"{destination}.json"

    def memory(self, key: str) -> Path:
        """What is remembered of an image version whose files were removed (JSON)."""
        return self.memories / key[:2] / f"{key}.json"

    def patient(self, patient_key: str) -> Path:
        """The folder of what was read in a patient's exposures; the key is a hash."""
        return self._folder("patients", patient_key)

    def _folder(self, kind: str, key: str) -> Path:
        return self.root / kind / key[:2] / key
