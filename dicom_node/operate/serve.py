"""The whole node under one parent.

1. Each role starts as a process of its own: receive, work, deliver.
2. When all have said that they are ready, the node is: a log line, and READY to the supervisor.
3. A role that dies or falls silent is started again, after growing delays. The others go on.
4. On SIGTERM or SIGINT every role finishes what is in hand within a bounded time; what stays then is ended.
"""

import tempfile
import threading
from pathlib import Path
from time import monotonic

import structlog

from dicom_node import logs, settings
from dicom_node.operate import notify
from dicom_node.operate.child import Child, command
from dicom_node.operate.signals import stop_event

ROLES = ("receive", "work", "deliver")
STOP_S = 40.0
"""From the request to stop until what still runs is killed. TimeoutStopSec of a service must be longer."""
BEAT_S = 0.1
VAIN_STARTS = 4
"""A role that died so often before the node was ever ready will not come up: the node ends, and says which."""

log = structlog.get_logger(__name__)


def serve(config: Path) -> int:
    """Run the node until it is asked to stop; 0 if it was, 1 if it could not start. Raises SettingsInvalid."""
    node = settings.load(config)
    logs.configure(node.logging, role="serve")
    stop = stop_event()
    with tempfile.TemporaryDirectory(prefix="dicom-node-") as folder:
        return run([Child(role, command(role, config), Path(folder)) for role in ROLES], stop)


def run(children: list[Child], stop: threading.Event) -> int:
    """Keep the children running until `stop` is set."""
    began, ready, pulse = monotonic(), False, _Pulse()
    vain: Child | None = None
    while vain is None and not stop.wait(BEAT_S):
        for child in children:
            child.poll()
        if not ready and all(child.ready for child in children):
            ready = True
            log.info("ready", seconds=round(monotonic() - began, 1))
            notify.ready()
        if not ready:
            vain = next((child for child in children if child.deaths >= VAIN_STARTS), None)
        pulse.beat()
    if vain is not None:
        log.error("role_does_not_start", process=vain.role)
    _stop(children)
    return 0 if vain is None else 1


def _stop(children: list[Child]) -> None:
    log.info("stopping")
    notify.stopping()
    for child in children:
        child.ask_to_stop()
    deadline, pulse = monotonic() + STOP_S, _Pulse()
    wait = threading.Event()
    while any(child.running for child in children) and monotonic() < deadline:
        wait.wait(BEAT_S)
        pulse.beat()
    for child in children:
        child.end()
    log.info("stopped")


class _Pulse:
    """The supervisor's watchdog, fed as often as it asks for and no more."""

    def __init__(self) -> None:
        self._interval_s = notify.watchdog_interval_s()
        self._due_at = 0.0

    def beat(self) -> None:
        if self._interval_s is not None and monotonic() >= self._due_at:
            notify.watchdog()
            self._due_at = monotonic() + self._interval_s
