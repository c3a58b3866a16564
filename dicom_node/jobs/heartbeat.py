"""The pulse of a process that runs jobs: its lease, the jobs of dead processes, the jobs of earlier versions.

It beats in a thread of its own, so that a database that is away holds up nothing else.
"""

import threading
from dataclasses import dataclass, field

import sqlalchemy as sa
import structlog
from sqlalchemy.exc import SQLAlchemyError

from dicom_node.jobs.leases import Lease
from dicom_node.jobs.versions import adopt

BEATS_A_LEASE = 3
"""One renewal may be missed, and a second one late."""
MISSED_BEAT_S = 1.0
"""After one that failed: when the database is back everybody connects at once, and some of them in vain."""
ALONE_BEAT_S = 10.0
"""Between two beats where there is no lease to renew."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Heartbeat:
    """Of one process. lease: None where the database is not shared."""

    engine: sa.Engine
    executor_id: str
    lease: Lease | None
    _stop: threading.Event = field(default_factory=threading.Event)

    def first(self) -> None:
        """Before any job is taken: a process with a lease keeps what it takes. Raises SQLAlchemyError."""
        if self.lease is not None:
            self.lease.renew()
        self._adopt()

    def start(self) -> None:
        """Go on beating until `end`."""
        threading.Thread(target=self._beat_on, name="heartbeat", daemon=True).start()

    def end(self) -> None:
        """The process takes no more jobs; what it leaves in hand is free at once."""
        self._stop.set()
        try:
            if self.lease is not None:
                self.lease.end()
        except SQLAlchemyError as error:
            log.warning("lease_not_ended", error=type(error).__name__)
        self.engine.dispose()

    def _beat_on(self) -> None:
        usual_s = ALONE_BEAT_S if self.lease is None else self.lease.length_s / BEATS_A_LEASE
        next_s = usual_s
        while not self._stop.wait(next_s):
            try:
                self._beat()
                next_s = usual_s
            except SQLAlchemyError as error:
                log.warning("heartbeat_missed", error=type(error).__name__)
                next_s = min(usual_s, MISSED_BEAT_S)

    def _beat(self) -> None:
        if self.lease is not None and self.lease.renew():
            for job in self.lease.take_over():
                log.warning("job_taken_over", job=job)
        self._adopt()

    def _adopt(self) -> None:
        adopted = adopt(self.engine, self.executor_id)
        if adopted:
            log.info("jobs_adopted", count=adopted)
