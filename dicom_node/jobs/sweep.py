"""The spool against the jobs: whatever was acknowledged has its job, also in a new database."""

from collections.abc import Iterable

import structlog

from dicom_node.errors import NodeError
from dicom_node.jobs.client import DatabaseQueue
from dicom_node.jobs.contract import Priority
from dicom_node.spool.layout import Layout
from dicom_node.spool.origin import read_provenance

log = structlog.get_logger(__name__)


def sweep(keys: Iterable[str], queue: DatabaseQueue, layout: Layout) -> int:
    """Enqueue every key that has no job, and say how many; a fault is logged and left for the next sweep."""
    enqueued = 0
    try:
        for key in queue.without_job(keys):
            queue.enqueue_image(key, priority=stored_priority(layout, key))
            enqueued += 1
    except NodeError as error:
        log.warning("sweep_interrupted", code=error.code)
    if enqueued:
        log.info("sweep_enqueued", count=enqueued)
    return enqueued


def stored_priority(layout: Layout, key: str) -> Priority:
    """As it was settled when the image came; ROUTINE where that cannot be read."""
    try:
        return Priority(read_provenance(layout, key).origin.priority)
    except (OSError, ValueError, KeyError, TypeError):
        return Priority.ROUTINE
