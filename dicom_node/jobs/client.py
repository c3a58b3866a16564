"""The queue as the receiver sees it: small, without torch, never waiting long."""

import threading
from collections.abc import Iterable, Iterator
from itertools import islice

import sqlalchemy as sa
import structlog
from dbos import DBOSClient, DBOSPortableJSONSerializer, EnqueueOptions
from sqlalchemy.exc import SQLAlchemyError

from dicom_node.errors import JobsUnavailable
from dicom_node.jobs import database, names
from dicom_node.jobs.contract import Priority
from dicom_node.jobs.deadline import Deadline
from dicom_node.settings import Settings

RANK = {Priority.STAT: 1, Priority.ROUTINE: 2}
"""DBOS takes the lowest number first."""
CHUNK = 500
"""Ids looked up in one query."""
ANSWER_S = 15.0
"""How long a new job waits for the database: more than its own waits together, less than a modality's (30 s)."""

log = structlog.get_logger(__name__)


class DatabaseQueue:
    """The `JobQueue` of the job database; it opens the database when it is first needed, and again after a fault."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._lock = threading.Lock()
        self._opened: tuple[DBOSClient, sa.Engine] | None = None
        self._deadline = Deadline(ANSWER_S)

    def enqueue_image(self, key: str, *, priority: Priority = Priority.ROUTINE) -> None:
        """Make the image's job durable, unless it exists. Raises JobsUnavailable."""
        options: EnqueueOptions = {
            "workflow_name": names.READ_IMAGE,
            "workflow_id": names.image_job(key),
            "queue_name": names.IMAGES,
            "priority": RANK[priority],
            "app_version": names.VERSION,
        }
        self._deadline.ask(lambda: self._enqueue(options, key))

    def without_job(self, keys: Iterable[str]) -> Iterator[str]:
        """Those of the keys that have no job. Raises JobsUnavailable."""
        remaining = iter(keys)
        while chunk := list(islice(remaining, CHUNK)):
            client, _engine = self.open()
            try:
                found = client.list_workflows(
                    workflow_ids=[names.image_job(key) for key in chunk], load_input=False, load_output=False
                )
            except SQLAlchemyError as error:
                raise JobsUnavailable(f"job database: {type(error).__name__}") from error
            known = {status.workflow_id for status in found}
            yield from (key for key in chunk if names.image_job(key) not in known)

    def forget(self, job_ids: list[str]) -> None:
        """Delete the rows of jobs that ended. Raises JobsUnavailable."""
        client, _engine = self.open()
        try:
            client.delete_workflows(job_ids)
        except SQLAlchemyError as error:
            raise JobsUnavailable(f"job database: {type(error).__name__}") from error

    def close(self) -> bool:
        """Let go of the connections; False where the database still owes an answer, which no process waits for."""
        if not self._deadline.owes_nothing():
            return False
        with self._lock:
            if self._opened is not None:
                client, engine = self._opened
                client.destroy()
                engine.dispose()
            self._opened = None
        return True

    def _enqueue(self, options: EnqueueOptions, key: str) -> None:
        client, engine = self.open()
        try:
            # In our own transaction: DBOS's own enqueue retries a locked database without end.
            with engine.begin() as connection:
                client.enqueue_in_transaction(connection, options, key, 0, 0.0)
        except SQLAlchemyError as error:
            raise JobsUnavailable(f"job database: {type(error).__name__}") from error

    def open(self) -> tuple[DBOSClient, sa.Engine]:
        """The client and the engine for our own transactions. Raises JobsUnavailable."""
        with self._lock:
            if self._opened is None:
                database.prepare(self._settings)
                engine = database.connect(self._settings)
                client = DBOSClient(
                    system_database_engine=engine,
                    serializer=DBOSPortableJSONSerializer(),
                    application_name=names.APPLICATION,
                    retry_connection_errors=False,
                    lazy=True,
                )
                self._opened = client, engine
            return self._opened


def open_queue(settings: Settings) -> DatabaseQueue:
    """The queue. A database that is away is no fault yet: the receiver keeps what it gets, a sweep enqueues it."""
    queue = DatabaseQueue(settings)
    try:
        queue.open()
    except JobsUnavailable as error:
        log.warning("jobs_unavailable", code=error.code)
    return queue
