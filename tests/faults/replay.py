"""A disk after a power cut: what is left of a prefix of operations, under three ideas of what a file system keeps.

The model is stricter than real file systems: nothing is durable but by fsync of the file for its content, and of the
directory for its names.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path, PurePosixPath

from tests.faults.trace import Create, MakeDirectory, Operation, Remove, Rename, Sync, Truncate, Write


class Survival(StrEnum):
    """What outlives the cut."""

    SYNCED = "only what was synced"
    NAMES = "all names, synced contents"
    ALL = "everything, as after kill -9"


@dataclass
class _File:
    content: bytes = b""
    synced: bytes = b""


@dataclass
class Disk:
    """Names and contents below one folder, as they are and as they are durable. None stands for a directory."""

    root: str
    _names: dict[str, _File | None] = field(default_factory=dict)
    _durable: dict[str, _File | None] = field(default_factory=dict)

    def apply(self, operation: Operation) -> None:
        """Do it."""
        match operation:
            case Create(path, truncated):
                if self._names.setdefault(path, _File()) is not None and truncated:
                    self._file(path).content = b""
            case Write(path, data, offset):
                file = self._file(path)
                at = len(file.content) if offset is None else offset
                file.content = file.content[:at].ljust(at, b"\0") + data + file.content[at + len(data) :]
            case Truncate(path, length):
                self._file(path).content = self._file(path).content[:length].ljust(length, b"\0")
            case Sync(path):
                self._sync(path)
            case Rename(path, to):
                self._rename(path, to)
            case Remove(path):
                self._names.pop(path, None)
            case MakeDirectory(path):
                self._names[path] = None

    def survivors(self, survival: Survival) -> dict[str, bytes | None]:
        """Path -> content, None for a directory; what lies in a directory that is lost is lost with it."""
        names = self._durable if survival is Survival.SYNCED else self._names
        return {
            path: file if file is None else file.content if survival is Survival.ALL else file.synced
            for path, file in names.items()
            if all(str(parent) in names for parent in PurePosixPath(path).parents if self._inside(str(parent)))
        }

    def _inside(self, path: str) -> bool:
        return path.startswith(f"{self.root}/")

    def _file(self, path: str) -> _File:
        file = self._names.setdefault(path, _File())
        assert file is not None, path
        return file

    def _rename(self, path: str, to: str) -> None:
        """Also a directory, with all that is below it; a durable name stays durable where it was."""
        for name in [name for name in self._names if name == path or name.startswith(f"{path}/")]:
            self._names[to + name.removeprefix(path)] = self._names.pop(name)
        # What a directory's own fsync made durable moves with it; its name does not, until the parent is synced.
        inside = {name: file for name, file in self._durable.items() if name.startswith(f"{path}/")}
        self._durable |= {to + name.removeprefix(path): file for name, file in inside.items()}

    def _sync(self, path: str) -> None:
        file = self._names.get(path)
        if file is not None:
            file.synced = file.content
            return
        for name in [name for name in self._durable if str(PurePosixPath(name).parent) == path]:
            if name not in self._names:
                del self._durable[name]
        self._durable |= {name: file for name, file in self._names.items() if str(PurePosixPath(name).parent) == path}


def lay_out(survivors: dict[str, bytes | None], root: str, folder: Path) -> None:
    """Write what survived below `root` into an empty folder."""
    for path, content in sorted(survivors.items()):
        target = folder / PurePosixPath(path).relative_to(root)
        if content is None:
            target.mkdir(parents=True, exist_ok=True)
        else:
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)


def without_database(operations: Iterable[Operation], root: Path) -> list[Operation]:
    """SQLite keeps its own promises; the node starts from files alone where the database is lost."""
    return [each for each in operations if not each.path.startswith(f"{root}/jobs.")]
