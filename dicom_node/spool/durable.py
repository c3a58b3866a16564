"""Files that are whole after a power cut, or not there at all."""

import os
from pathlib import Path
from tempfile import NamedTemporaryFile


def fsync_file(path: Path) -> None:
    """Make the file's content durable."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def fsync_directory(path: Path) -> None:
    """Make the names in the directory durable."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def commit(part: Path, final: Path) -> None:
    """Make `part` durable at `final`: whole, or not at all. Both lie on the same file system."""
    fsync_file(part)
    os.replace(part, final)
    fsync_directory(final.parent)


def write_atomically(path: Path, data: bytes) -> None:
    """Make `data` durable at `path`; a reader sees the file before or after, never half of it."""
    with NamedTemporaryFile(dir=path.parent, suffix=".part", delete=False) as file:
        part = Path(file.name)
        try:
            file.write(data)
            file.flush()
            commit(part, path)
        finally:
            part.unlink(missing_ok=True)  # renamed already, unless something failed


def make_directory(path: Path) -> None:
    """Make the directory and its parents durable; one that exists is left as it is."""
    missing = [path]
    while not missing[-1].parent.exists():
        missing.append(missing[-1].parent)
    for directory in reversed(missing):
        directory.mkdir(mode=0o700, exist_ok=True)
        fsync_directory(directory.parent)
