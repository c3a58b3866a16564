"""A whole node as a process of ours, for the demo and the benchmark: started, awaited, always stopped."""

import os
import re
import signal
import socket
import subprocess
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

from dicom_node.errors import NodeError, SettingsInvalid
from dicom_node.operate import notify
from dicom_node.operate.child import command

STOP_TIMEOUT_S = 45.0
"""Longer than the node takes itself to end its roles."""

_FAULT = re.compile(r"[a-z]+(-[a-z]+)+: ")
"""How a command that fails names its fault: `code: what is wrong`."""


class NodeNotReady(NodeError):
    """The node ended, or was not ready in time; its log says why."""

    code = "node-not-ready"


class NodeProcess:
    """`dicom-node serve --config CONFIG`, or one role alone, with its log in a file."""

    def __init__(self, config: Path, log: Path, *, role: str = "serve", timeout_s: float = 120.0) -> None:
        self._command = command(role, config)
        self._log = log
        self._timeout_s = timeout_s
        self._process: subprocess.Popen[bytes] | None = None
        self.seconds_to_ready = 0.0

    @property
    def pid(self) -> int:
        """Of the process; with `serve`, of the parent of the roles."""
        assert self._process is not None
        return self._process.pid

    @property
    def running(self) -> bool:
        """Whether it still runs."""
        return self._process is not None and self._process.poll() is None

    def __enter__(self) -> "NodeProcess":
        """Start the node and wait until it says that it is ready. Raises NodeNotReady."""
        with ExitStack() as undone:
            undone.callback(self._stop)  # Ctrl-C too must leave no process behind
            self._start()
            undone.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop()

    def last_words(self) -> str:
        """The last fault that the log names, else its last line."""
        lines = [line.strip() for line in self._log_lines() if line.strip()]
        faults = [line for line in lines if _FAULT.match(line)] or [x for x in lines if "level=error" in x]
        return (faults or lines or ["its log is empty"])[-1]

    def _log_lines(self) -> list[str]:
        return self._log.read_text(encoding="utf-8", errors="replace").splitlines()

    def _start(self) -> None:
        started = time.monotonic()
        with (
            tempfile.TemporaryDirectory(prefix="dicom-node-") as folder,  # socket paths are short: sun_path
            socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notices,
        ):
            address = str(Path(folder) / "notify")
            notices.bind(address)
            self._spawn(address)
            self._await_ready(notices, started + self._timeout_s)
        self.seconds_to_ready = time.monotonic() - started

    def _spawn(self, notify_address: str) -> None:
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(  # noqa: S603
                self._command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=os.environ | {"NOTIFY_SOCKET": notify_address},
                start_new_session=True,  # Ctrl-C reaches us alone; we end the whole group
            )

    def _await_ready(self, notices: socket.socket, deadline_s: float) -> None:
        notices.settimeout(0.2)
        while time.monotonic() < deadline_s:
            try:
                if notify.READY in notices.recv(4096).split(b"\n"):
                    return
            except TimeoutError:
                if not self.running or self._settings_invalid():
                    raise NodeNotReady(f"the node does not start: {self.last_words()}") from None
        raise NodeNotReady(f"not ready within {self._timeout_s:.0f} s: {self.last_words()}")

    def _settings_invalid(self) -> bool:
        """Such a fault does not pass, however often the role is started again."""
        return any(line.startswith(f"{SettingsInvalid.code}: ") for line in self._log_lines())

    def _stop(self) -> None:
        if self._process is None:
            return
        if self.running:
            self._process.terminate()
            try:
                self._process.wait(STOP_TIMEOUT_S)
            except subprocess.TimeoutExpired:
                os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
