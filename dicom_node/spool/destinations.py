"""What is known of each destination: whether an operator paused it, and whether it was away when last tried.

Two small files each below destinations/, so that they outlive every process: NAME.paused, an empty file, and
NAME.json, the failures in a row.
"""

import json
from dataclasses import asdict, dataclass

from dicom_node.spool.durable import fsync_directory, make_directory, write_atomically
from dicom_node.spool.layout import Layout
from dicom_node.spool.store import spool_faults


@dataclass(frozen=True)
class Absence:
    """A destination that did not answer, `failures` times in a row, the last time with `code`.

    since, retry_at: seconds since 1970, of the first failure and of the time from which it may be tried again.
    """

    failures: int
    since: float
    retry_at: float
    code: str


class Destinations:
    """The standing of the destinations of one storage directory; safe to read and write from several processes."""

    def __init__(self, layout: Layout) -> None:
        self._folder = layout.destinations

    def pause(self, name: str) -> None:
        """Send nothing to the destination until it is resumed; durable. Raises SpoolUnwritable, StorageFull."""
        with spool_faults():
            make_directory(self._folder)
            write_atomically(self._folder / f"{name}.paused", b"")

    def resume(self, name: str) -> None:
        """Send again; one that is not paused is left as it is. Raises SpoolUnwritable."""
        with spool_faults():
            (self._folder / f"{name}.paused").unlink(missing_ok=True)
            if self._folder.exists():
                fsync_directory(self._folder)

    def is_paused(self, name: str) -> bool:
        """Whether an operator paused it."""
        return (self._folder / f"{name}.paused").exists()

    def paused(self) -> list[str]:
        """The names of all that are paused."""
        return sorted(path.stem for path in self._folder.glob("*.paused"))

    def known(self) -> list[str]:
        """The names of all that are paused or away."""
        return sorted({path.stem for path in self._folder.glob("*.*") if path.suffix in (".paused", ".json")})

    def absence(self, name: str) -> Absence | None:
        """What is known of a destination that did not answer when it was last tried; None where it did."""
        try:
            return Absence(**json.loads((self._folder / f"{name}.json").read_bytes()))
        except FileNotFoundError:
            return None

    def note_absence(self, name: str, absence: Absence) -> None:
        """Remember, durably, that the destination did not answer. Raises SpoolUnwritable, StorageFull."""
        with spool_faults():
            make_directory(self._folder)
            write_atomically(self._folder / f"{name}.json", json.dumps(asdict(absence)).encode())

    def note_answer(self, name: str) -> None:
        """The destination answered: forget that it did not. Raises SpoolUnwritable."""
        with spool_faults():
            (self._folder / f"{name}.json").unlink(missing_ok=True)
