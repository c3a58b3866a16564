"""A file system with a chosen number of free bytes, and one whose operations fail in turn."""

import errno
import os
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

PAGE_BYTES = 4096
"""What a tmpfs gives out."""
FAILING = ("open", "mkdir", "fsync", "replace")
"""Of the module `os`: with these the node makes files and directories durable."""


class SmallDisk:
    """A mounted tmpfs, part of which a file fills."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._filler = root / "filler"

    def leave(self, free_bytes: int) -> None:
        """Fill it up to so many free bytes, rounded to pages."""
        self._filler.unlink(missing_ok=True)
        stat = os.statvfs(self.root)
        with self._filler.open("wb") as file:
            os.posix_fallocate(file.fileno(), 0, max(1, stat.f_bavail * stat.f_frsize - free_bytes))

    def empty(self) -> None:
        """Give the room back."""
        self._filler.unlink(missing_ok=True)


@contextmanager
def small_disk(root: Path, size_mib: int) -> Iterator[SmallDisk | None]:
    """Mount it at a new folder; None where this computer does not allow it."""
    root.mkdir(parents=True)
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={size_mib}m", "tmpfs", str(root)], capture_output=True, check=False
    )
    if mounted.returncode:
        yield None
        return
    try:
        yield SmallDisk(root)
    finally:
        subprocess.run(["umount", "-l", str(root)], check=True)


@contextmanager
def failing_at(number: int) -> Iterator[Callable[[], bool]]:
    """The operation of that number, from 1, fails with "no space left"; yields whether it came to that."""
    count = 0
    originals = {name: getattr(os, name) for name in FAILING}

    def failing(original: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any, **named: Any) -> Any:
            nonlocal count
            count += 1
            if count == number:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            return original(*arguments, **named)

        return call

    for name, original in originals.items():
        setattr(os, name, failing(original))
    try:
        yield lambda: count >= number
    finally:
        for name, original in originals.items():
            setattr(os, name, original)
