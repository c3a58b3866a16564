"""Files and folders in use: locks that the kernel lets go of when their process dies."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any


def hold(file: IO[Any]) -> None:
    """Mark an open file as in use until it is closed."""
    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


def is_held(path: Path) -> bool:
    """Whether a process has the file in use. Raises FileNotFoundError."""
    with path.open("r+b") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


@contextmanager
def shared(lock: Path) -> Iterator[None]:
    """Hold the lock with others who share it; whoever wants it alone waits, or comes again."""
    with lock.open("a+b") as file:
        fcntl.flock(file, fcntl.LOCK_SH)
        yield


@contextmanager
def alone(lock: Path) -> Iterator[bool]:
    """Hold the lock alone for the block; False, at once, where somebody else has it."""
    with lock.open("a+b") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True
