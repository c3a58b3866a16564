"""What is looked after at start and at intervals, by one process of all at a time.

1. Images without a job get one.
2. Once an hour: what processes that died left behind is removed.
3. Images that are finished and old enough are removed.
"""

import threading
from datetime import UTC, datetime
from time import monotonic

import structlog

from dicom_node.errors import NodeError
from dicom_node.jobs.client import DatabaseQueue
from dicom_node.jobs.retention import retain
from dicom_node.jobs.sweep import sweep
from dicom_node.settings_storage import Storage
from dicom_node.spool.holding import alone
from dicom_node.spool.leftovers import remove_leftovers
from dicom_node.spool.store import Inbox

LEFTOVERS_EVERY_S = 3600.0
STOP_S = 5.0

log = structlog.get_logger(__name__)


class Housekeeper:
    """A thread of its own beside the process's work."""

    def __init__(self, storage: Storage, inbox: Inbox, queue: DatabaseQueue) -> None:
        self._storage, self._inbox, self._queue = storage, inbox, queue
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="housekeeper", daemon=True)
        self._leftovers_due_at = 0.0

    def start(self) -> None:
        """Begin at once, then come back at intervals."""
        self._thread.start()

    def stop(self) -> None:
        """Come back no more; what is in hand has a few seconds."""
        self._ended.set()
        if self._thread.is_alive():
            self._thread.join(STOP_S)

    def once(self, now: datetime) -> bool:
        """Look after everything; False where another process is just about it. A fault is left for the next time."""
        try:
            with alone(self._inbox.layout.root / "sweep.lock") as ours:
                if ours:
                    sweep(self._inbox.keys(), self._queue, self._inbox.layout)
                    self._remove_leftovers()
                    retain(self._inbox, self._queue, self._storage.retention, now)
                return ours
        except (NodeError, OSError) as error:
            log.warning("housekeeping_interrupted", code=getattr(error, "code", type(error).__name__))
            return False

    def _run(self) -> None:
        while not self._ended.is_set():
            self.once(datetime.now(UTC))
            self._ended.wait(self._storage.sweep_interval_s)

    def _remove_leftovers(self) -> None:
        if monotonic() >= self._leftovers_due_at:
            self._leftovers_due_at = monotonic() + LEFTOVERS_EVERY_S
            removed = remove_leftovers(self._inbox.layout)
            if removed:
                log.info("leftovers_removed", count=removed)
