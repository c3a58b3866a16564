"""The spool against the jobs: whatever was acknowledged has its job, also in a new database."""

from collections.abc import Iterable

import structlog

from dicom_node.errors import NodeError
from dicom_node.jobs.client import DatabaseQueue

log = structlog.get_logger(__name__)


def sweep(keys: Iterable[str], queue: DatabaseQueue) -> int:
    """Enqueue every key that has no job, and say how many; a fault is logged and left for the next sweep."""
    enqueued = 0
    try:
        for key in queue.without_job(keys):
            queue.enqueue_image(key)
            enqueued += 1
    except NodeError as error:
        log.warning("sweep_interrupted", code=error.code)
    if enqueued:
        log.info("sweep_enqueued", count=enqueued)
    return enqueued
