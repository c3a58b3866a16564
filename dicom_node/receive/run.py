"""The receiver as a process.

In order: settings and logs; the job queue; the SCP; ready. Then, until SIGTERM or SIGINT: the watchdog, jobs for
images that were stored while the database was away, and the leftovers of cut associations. At the end: no new
associations, a bounded time for the open ones.
"""

from collections.abc import Callable
from pathlib import Path

import structlog

from dicom_node import logs
from dicom_node.audit.trail import Trail
from dicom_node.errors import NodeError
from dicom_node.jobs.client import open_queue
from dicom_node.jobs.contract import JobQueue, Triage
from dicom_node.jobs.sweep import stored_priority
from dicom_node.operate import notify
from dicom_node.operate.pulse import Pulse
from dicom_node.operate.signals import end, stop_event
from dicom_node.receive.scp import routine, start
from dicom_node.settings import Settings, load
from dicom_node.spool.layout import Layout
from dicom_node.spool.store import Inbox

log = structlog.get_logger(__name__)

TICK_S = 2.0
STOP_TIMEOUT_S = 20.0
LEFTOVER_AGE_S = 600.0
"""A file of a living association is written to more often than that."""


def run(config: Path, triage_by: Callable[[Settings], Triage] = lambda _settings: routine) -> int:
    """Receive until told to stop; the exit status. triage_by: how soon the settings want each image read."""
    settings = load(config)
    logs.configure(settings.logging, role="receive")
    trail = Trail(settings, "receive")
    trail.started(config)
    stop = stop_event()
    inbox = Inbox(Layout(settings.storage.directory), minimum_free_mib=settings.storage.minimum_free_mib)
    inbox.prepare()
    queue = open_queue(settings)
    receiver = start(settings, inbox, queue, triage_by(settings))
    notify.ready()
    pulse = Pulse(settings, "receive")
    tick_s = min(TICK_S, notify.watchdog_interval_s() or TICK_S)
    while not stop.wait(tick_s):
        pulse.beat()
        housekeep(inbox, queue)
    notify.stopping()
    finished = receiver.stop(STOP_TIMEOUT_S)
    finished = queue.close() and finished
    trail.stopped()
    pulse.end()
    log.info("receiver_stopped", finished=finished)
    return end(finished)


def housekeep(inbox: Inbox, queue: JobQueue) -> None:
    """Give waiting images their jobs, and remove leftovers; what fails now is done the next time."""
    try:
        for key in inbox.deferred():
            queue.enqueue_image(key, priority=stored_priority(inbox.layout, key))
            inbox.settle(key)
            log.info("job_enqueued_late", key=key)
        swept = inbox.sweep_incoming(untouched_s=LEFTOVER_AGE_S)
        if swept:
            log.info("leftovers_removed", count=swept)
    except NodeError as error:
        log.warning("housekeeping_interrupted", code=error.code)
