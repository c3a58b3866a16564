"""Decoders for tests, importable by a fresh process: what they do stands in the file's name."""

import os
import signal
import time
from pathlib import Path

from dicom_node.errors import PixelsUndecodable


def decode(path: Path) -> tuple[str, int]:
    """(name, process id), unless the name says otherwise."""
    if path.name == "kills":
        os.kill(os.getpid(), signal.SIGKILL)
    if path.name == "hangs":
        time.sleep(60)
    if path.name == "undecodable":
        raise PixelsUndecodable("no decoder")
    if path.name == "raises":
        raise ZeroDivisionError
    return path.name, os.getpid()
