"""One role as a child process: started with a notify socket of its own, watched, started again when it dies."""

import ctypes
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic

import structlog

from dicom_node.operate import notify

WATCHDOG_S = 60.0
"""A role that has begun to tell that it is alive, and then is silent for this long, is started again."""
STEADY_S = 60.0
"""A role that lived this long begins to count its deaths anew."""
LONGEST_DELAY_S = 60.0
_DIE_WITH_PARENT = 1  # PR_SET_PDEATHSIG, prctl(2)

log = structlog.get_logger(__name__)


def restart_delay_s(deaths: int) -> float:
    """Seconds before the next start after so many deaths in a row: 1, 2, 4, ... up to a minute."""
    return float(min(LONGEST_DELAY_S, 2.0 ** (deaths - 1)))


@dataclass
class Child:
    """A role's process. `poll` moves it on; nothing here waits."""

    role: str
    command: list[str]
    folder: Path
    ready: bool = False
    deaths: int = 0
    _process: "subprocess.Popen[bytes] | None" = None
    _started_at: float = 0.0
    _start_at: float = 0.0
    _beat_at: float | None = None
    _socket: socket.socket = field(init=False)

    def __post_init__(self) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC)
        self._socket.bind(str(self._address))
        self._socket.setblocking(False)

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def poll(self) -> None:
        """Hear what the process says; start it when it is due; end it when it is silent."""
        self._hear()
        now = monotonic()
        if self._process is None:
            if now >= self._start_at:
                self._start(now)
        elif self._process.poll() is not None:
            self._bury(self._process.returncode, now)
        elif self._beat_at is not None and now - self._beat_at > WATCHDOG_S:
            log.error("role_silent", process=self.role, seconds=round(now - self._beat_at))
            self._process.kill()

    def ask_to_stop(self) -> None:
        """SIGTERM: finish what is in hand, then end."""
        self._signal(signal.SIGTERM)

    def end(self) -> None:
        """SIGKILL, if it still runs."""
        if self.running:
            log.error("role_killed", process=self.role)
            self._signal(signal.SIGKILL)
        if self._process is not None:
            self._process.wait()
        self._socket.close()

    @property
    def _address(self) -> Path:
        return self.folder / f"{self.role}.notify"

    def _start(self, now: float) -> None:
        environment = os.environ | {"NOTIFY_SOCKET": str(self._address), "WATCHDOG_USEC": f"{WATCHDOG_S * 1e6:.0f}"}
        environment.pop("WATCHDOG_PID", None)
        self._process = subprocess.Popen(self.command, env=environment, preexec_fn=_die_with_parent())  # noqa: S603
        self._started_at, self._beat_at = now, None
        log.info("role_started", process=self.role, pid=self._process.pid)

    def _bury(self, exit_code: int, now: float) -> None:
        self.deaths = 1 if now - self._started_at > STEADY_S else self.deaths + 1
        delay_s = restart_delay_s(self.deaths)
        log.error("role_died", process=self.role, exit_code=exit_code, delay_s=delay_s)
        self._process, self._start_at, self.ready = None, now + delay_s, False

    def _hear(self) -> None:
        while True:
            try:
                message = self._socket.recv(4096)
            except BlockingIOError:
                return
            lines = message.split(b"\n")
            if notify.READY in lines and not self.ready:
                self.ready = True
                log.info("role_ready", process=self.role, seconds=round(monotonic() - self._started_at, 1))
            if notify.WATCHDOG in lines:
                self._beat_at = monotonic()

    def _signal(self, number: signal.Signals) -> None:
        if self._process is not None and self.running:
            self._process.send_signal(number)


def command(role: str, config: Path) -> list[str]:
    """The role's own command, with this interpreter."""
    return [sys.executable, "-m", "dicom_node.cli", role, "--config", str(config)]


def _die_with_parent() -> Callable[[], None] | None:
    """Linux sends SIGTERM to the role when its parent dies, whatever the parent died of."""
    if not sys.platform.startswith("linux"):
        return None
    libc = ctypes.CDLL(None)
    return lambda: libc.prctl(_DIE_WITH_PARENT, signal.SIGTERM)
