"""Reading paused by an operator: images are received and wait, none is begun, until reading is resumed.

A mark in the storage directory outlives every process. The queues' places in the database make it act at once: the
engine looks at them before it takes a job.
"""

from sqlalchemy.exc import SQLAlchemyError

from dicom_node.errors import JobsUnavailable
from dicom_node.jobs import names
from dicom_node.jobs.client import DatabaseQueue
from dicom_node.settings import Settings
from dicom_node.spool.durable import fsync_directory, write_atomically
from dicom_node.spool.layout import Layout
from dicom_node.spool.store import spool_faults


def reading_is_paused(layout: Layout) -> bool:
    """Whether an operator paused reading."""
    return layout.reading_paused.exists()


def pause_reading(queue: DatabaseQueue, settings: Settings) -> None:
    """Begin no further image; those in hand are finished. Raises SpoolUnwritable, StorageFull, JobsUnavailable."""
    layout = Layout(settings.storage.directory)
    with spool_faults():
        write_atomically(layout.reading_paused, b"")
    _set_places(queue, settings)


def resume_reading(queue: DatabaseQueue, settings: Settings) -> None:
    """Read again. Raises SpoolUnwritable, JobsUnavailable."""
    layout = Layout(settings.storage.directory)
    with spool_faults():
        layout.reading_paused.unlink(missing_ok=True)
        fsync_directory(layout.root)
    _set_places(queue, settings)


def reading_places(settings: Settings) -> dict[str, int]:
    """How many images of each queue one worker takes at a time; none while reading is paused."""
    if reading_is_paused(Layout(settings.storage.directory)):
        return {names.IMAGES: 0, names.ALONE: 0}
    return {names.IMAGES: settings.work.concurrency, names.ALONE: 1}


def _set_places(queue: DatabaseQueue, settings: Settings) -> None:
    """Of queues that a worker has declared; the first worker to start declares them as the mark says."""
    client, _engine = queue.open()
    try:
        for name, places in reading_places(settings).items():
            declared = client.retrieve_queue(name)
            if declared is not None:
                declared.set_worker_concurrency(places)
    except SQLAlchemyError as error:
        raise JobsUnavailable(f"job database: {type(error).__name__}") from error
