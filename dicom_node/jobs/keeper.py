"""The keeper of held deliveries: it lets them go when their destination is back, and wakes those that were answered.

A held delivery is one row in a queue that nobody listens to: it costs nothing while it waits. With 1,000 results
waiting for a dead destination there are 1,000 such rows; the keeper lets one of them try after each interval of the
destination (at most LONGEST_ABSENCE_S), so 12 an hour are tried and 12 rows come anew, whatever the number waiting.
Once the destination answers, RELEASED_AT_ONCE go each second, the oldest first, and no more when it falls silent.
"""

import threading
import time
from collections.abc import Iterable
from datetime import UTC, datetime

import structlog

from dicom_node.border import at_border
from dicom_node.errors import NodeError
from dicom_node.jobs import misdated, names
from dicom_node.jobs.attempts import HOUR_S
from dicom_node.jobs.client import DatabaseQueue
from dicom_node.jobs.gate import Policy, is_due
from dicom_node.jobs.leases import RELEASING, leading
from dicom_node.spool.commitments import Commitments
from dicom_node.spool.destinations import Destinations
from dicom_node.spool.layout import Layout

TICK_S = 1.0
RELEASED_AT_ONCE = 20
OVERDUE_EVERY_S = 60.0
"""Between two looks for held deliveries whose time is over, which are let go and then park themselves, and for jobs
that wait for a time which the clock has left behind it once more."""
REQUESTS_KEPT_S = 90 * 24 * HOUR_S
"""A request for commitment whose delivery was parked or removed may still be answered for so long."""

log = structlog.get_logger(__name__)


class Keeper:
    """Runs beside the delivery of one process. configured: names of the destinations in the settings."""

    def __init__(self, queue: DatabaseQueue, layout: Layout, policy: Policy, configured: Iterable[str]) -> None:
        self._queue, self._policy = queue, policy
        self._destinations, self._commitments = Destinations(layout), Commitments(layout)
        self._woken: set[str] = set()
        self._names = set(configured)
        self._looked_at = 0.0

    def run(self, stop: threading.Event) -> None:
        """Tick until `stop` is set; a fault is logged and left for the next tick."""
        while not stop.wait(TICK_S):
            try:  # without its keeper nothing held would ever go
                at_border(self._tick_where_leading, "keeper_interrupted")
            except NodeError as error:
                log.warning("keeper_interrupted", code=error.code)

    def _tick_where_leading(self) -> None:
        with leading(self._queue.open()[1], RELEASING) as leads:
            if leads:  # two keepers that saw the same delivery would let it go twice
                self.tick(time.time())

    def tick(self, now: float) -> None:
        """Look at each destination once. now: seconds since 1970. Raises what the database and the files do."""
        self._wake_answered()
        looks = abs(now - self._looked_at) >= OVERDUE_EVERY_S  # also where the clock was set back
        self._names |= set(self._destinations.known())  # also those that are no longer in the settings
        for name in sorted(self._names):
            if self._destinations.is_paused(name):
                continue
            absence = self._destinations.absence(name)
            if absence is None:
                self._release(name, RELEASED_AT_ONCE)
            elif is_due(absence, self._policy(name), now):
                self._release(name, 1)
            elif looks:
                self._release(name, RELEASED_AT_ONCE, before=now - self._policy(name).give_up_after_h * HOUR_S)
        if looks:
            self._looked_at = now
            self._commitments.forget_old(now - REQUESTS_KEPT_S)
            self._wake_misdated(now)

    def _wake_misdated(self, now: float) -> None:
        woken = misdated.wake(self._queue, now, misdated.longest_wait_s(map(self._policy, self._names)))
        if woken:
            log.warning("jobs_woken", count=woken, code="clock-set-back")

    def _wake_answered(self) -> None:
        """Let deliveries whose request for commitment was answered go at once; they look for the answer themselves."""
        answered = {asked.transaction_uid: asked for asked in self._commitments.all_answered()}
        self._woken &= set(answered)
        for uid in answered.keys() - self._woken:
            asked = answered[uid]
            client, _engine = self._queue.open()
            found = client.list_workflows(
                workflow_id_prefix=names.deliveries_of(asked.key, asked.destination),
                status=["DELAYED", "ENQUEUED", "PENDING"],
                load_input=False,
                load_output=False,
            )
            waiting = [each.workflow_id for each in found if each.status == "DELAYED"]
            for workflow_id in waiting:
                client.set_workflow_delay(workflow_id, delay_seconds=0)
            if waiting or not found:  # one that is in hand may be about to enqueue its next attempt
                self._woken.add(uid)

    def _release(self, name: str, count: int, *, before: float | None = None) -> None:
        """Let the oldest held deliveries go, at most `count`; before: only older ones (seconds since 1970)."""
        client, _engine = self._queue.open()
        found = client.list_workflows(
            queue_name=names.held(name),
            status="ENQUEUED",
            end_time=datetime.fromtimestamp(before, UTC).isoformat() if before is not None else None,
            limit=count,
            load_input=False,
            load_output=False,
        )
        if found:
            client.resume_workflows([each.workflow_id for each in found], queue_name=names.DELIVER)
            log.info("deliveries_released", destination=name, count=len(found))
