"""Four modalities that send at the same time, and DCMTK's storescp as the receiver to compare with."""

import os
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from dicom_node.operate.bench.pacs import find_command
from dicom_node.operate.modality import NotAccepted, send
from dicom_node.operate.trial import free_port

COUNT = 4
"""Senders at a time."""
_TIMEOUT_S = 120.0


def send_all(files: Sequence[Path], *, port: int, called_ae_title: str, calling_ae_title: str) -> float:
    """Send the files by four senders at the same time; seconds until the last is accepted. Raises NotAccepted."""
    shares = [files[start::COUNT] for start in range(COUNT)]
    storescu = find_command("storescu")
    started = time.monotonic()
    if storescu is None:
        with ThreadPoolExecutor(COUNT) as pool:
            titles = {"called_ae_title": called_ae_title, "calling_ae_title": calling_ae_title}
            list(pool.map(lambda share: send(share, host="127.0.0.1", port=port, **titles), shares))
    else:
        options: list[str | Path] = [
            storescu,
            "-aec",
            called_ae_title,
            "-aet",
            calling_ae_title,
            "127.0.0.1",
            str(port),
        ]
        _run_together([[*options, *share] for share in shares])
    return time.monotonic() - started


def _run_together(commands: Sequence[Sequence[str | Path]]) -> None:
    environment = os.environ | {"TCP_NODELAY": "1"}  # as the node does itself
    running = [
        subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment)  # noqa: S603
        for command in commands
    ]
    statuses = [process.wait(_TIMEOUT_S) for process in running]
    if any(statuses):
        raise NotAccepted("a storescu could not send everything")


@contextmanager
def storescp(folder: Path) -> Iterator[int | None]:
    """DCMTK's storescp, a process an association; its port, or None where DCMTK is not installed."""
    command = find_command("storescp")
    if command is None:
        yield None
        return
    folder.mkdir(parents=True)
    port = free_port()
    line: list[str | Path] = [command, "--fork", "-od", folder, str(port)]
    process = subprocess.Popen(line, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # noqa: S603
    try:
        _await_port(port)
        yield port
    finally:
        process.terminate()
        process.wait(10)


def _await_port(port: int) -> None:
    for _ in range(100):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
