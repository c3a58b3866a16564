"""The engine: one DBOS executor a process, listening to the queues of its role."""

import logging
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import StrEnum
from functools import partial
from time import monotonic

import structlog
from dbos import DBOS, DBOSClient, DBOSConfig, DBOSPortableJSONSerializer
from sqlalchemy.exc import SQLAlchemyError

from dicom_node.errors import JobsUnavailable
from dicom_node.jobs import database, names
from dicom_node.jobs.client import DatabaseQueue
from dicom_node.jobs.contract import DeliverResults, GiveUp, ReadImage
from dicom_node.jobs.gate import Gate
from dicom_node.jobs.heartbeat import Heartbeat
from dicom_node.jobs.keeper import Keeper
from dicom_node.jobs.leases import Lease
from dicom_node.jobs.pausing import reading_places
from dicom_node.jobs.workflows import DeliveryWorkflow, ImageWorkflow, answer_nobody
from dicom_node.settings import Settings
from dicom_node.spool.destinations import Destinations
from dicom_node.spool.layout import Layout

POLL_S = 0.1
"""Between two looks at a queue: an image waits half of it on average; an idle process takes a few % of a core."""
ALONE_POLL_S = 1.0
"""The same for images that are tried again: they are few, and have waited already."""
DRAIN_S = 20
"""How long jobs in hand may take to end after a stop; what is left then is resumed at the next start."""
LOCK_WAIT_S = 15.0
"""How long a new process waits for the one before it to end."""
DATABASE_WAIT_S = 300.0
"""How long a new process waits for the database before it gives up, and its supervisor starts it anew."""
BEAT_S = 1.0
KEEPER_STOP_S = 5.0
RECOVERY_LIMIT = 20
"""Backstop of DBOS's own; the workflows stop blaming an image much earlier."""

log = structlog.get_logger(__name__)


class Role(StrEnum):
    """Which process this is."""

    WORK = "work"
    DELIVER = "deliver"


QUEUES = {Role.WORK: [names.IMAGES, names.ALONE], Role.DELIVER: [names.DELIVER]}


class Engine:
    """Runs the jobs of one role. One engine a process: DBOS keeps its registry in the module."""

    def __init__(self, settings: Settings, role: Role) -> None:
        self._settings = settings
        self._role = role
        self._layout = Layout(settings.storage.directory)

    def on_image(self, read_image: ReadImage, give_up: GiveUp = answer_nobody) -> None:
        """Register what reads an image, and what answers where it cannot be read. Before `run`."""
        workflow = ImageWorkflow(read_image, give_up)

        @DBOS.workflow(name=names.READ_IMAGE, max_recovery_attempts=RECOVERY_LIMIT)
        def read(key: str, attempt: int, first_at: float) -> dict[str, object]:
            return dict(workflow.run(key, attempt, first_at))

    def on_delivery(self, deliver_results: DeliverResults) -> None:
        """Register what delivers. Before `run`."""
        workflow = DeliveryWorkflow(deliver_results, Gate(Destinations(self._layout), self._settings.delivery_policy))

        @DBOS.workflow(name=names.DELIVER_RESULTS, max_recovery_attempts=RECOVERY_LIMIT)
        def send(key: str, destination: str, attempt: int, first_at: float) -> dict[str, object]:
            return dict(workflow.run(key, destination, attempt, first_at))

    def run(
        self,
        stop: threading.Event,
        *,
        on_ready: Callable[[], None] = lambda: None,
        on_beat: Callable[[], None] = lambda: None,
    ) -> bool:
        """Run jobs until `stop` is set, then finish what is in hand within DRAIN_S seconds.

        on_beat is called about once a second. Returns whether everything in hand ended.
        Raises JobsUnavailable where the database stays away or is missing, or another process has this role here.
        """
        if not self._await_database(stop):
            return True
        # Two processes with one executor id would each resume what the other has in hand.
        role_lock = self._settings.storage.directory / f"{self._executor_id}.lock"
        with database.exclusive(role_lock, wait_s=LOCK_WAIT_S):
            heartbeat = self._heartbeat()
            self._launch(heartbeat)
            with self._keeping():
                on_ready()
                while not stop.wait(BEAT_S):
                    on_beat()
            finished = _drain()
            heartbeat.end()
            return finished

    def _await_database(self, stop: threading.Event) -> bool:
        """Prepare the database, which may start later than this process; False where `stop` came first."""
        deadline = monotonic() + DATABASE_WAIT_S
        while not stop.is_set():
            try:
                database.prepare(self._settings)
                return True
            except JobsUnavailable as error:
                if monotonic() > deadline or not error.retry:
                    raise
                log.warning("database_awaited", code=error.code)
            stop.wait(BEAT_S)
        return False

    @property
    def _executor_id(self) -> str:
        """Of this role on this host, the same after each start: what it had in hand is then resumed at once."""
        if not database.is_shared(self._settings):
            return str(self._role)
        return f"{self._role}@{self._settings.node.host_id or socket.gethostname()}"

    def _heartbeat(self) -> Heartbeat:
        engine, length_s = database.connect(self._settings), self._settings.database.lease_s
        shared = database.is_shared(self._settings)
        return Heartbeat(engine, self._executor_id, Lease(engine, self._executor_id, length_s) if shared else None)

    @contextmanager
    def _keeping(self) -> Iterator[None]:
        """Where this process delivers, the keeper of held deliveries works for the block."""
        if self._role is not Role.DELIVER:
            yield
            return
        ended, queue = threading.Event(), DatabaseQueue(self._settings)
        keeper = Keeper(queue, self._layout, self._settings.delivery_policy, self._settings.peers)
        thread = threading.Thread(target=keeper.run, args=(ended,), name="keeper", daemon=True)
        thread.start()
        try:
            yield
        finally:
            ended.set()
            thread.join(timeout=KEEPER_STOP_S)
            queue.close()

    def _launch(self, heartbeat: Heartbeat) -> None:
        silence()
        self._declare_queues()
        DBOS(config=self._config())
        DBOS.listen_queues(QUEUES[self._role])
        try:
            heartbeat.first()
            DBOS.launch()
        except SQLAlchemyError as error:
            raise JobsUnavailable(f"job database: {type(error).__name__}") from error
        heartbeat.start()

    def _declare_queues(self) -> None:
        """Before the launch: DBOS looks for queues that came later only once a second."""
        client = DBOSClient(
            system_database_url=database.database_url(self._settings), application_name=names.APPLICATION
        )
        declare = partial(client.register_queue, polling_interval_sec=POLL_S)
        try:
            if self._role is Role.WORK:
                places = reading_places(self._settings)
                declare(names.IMAGES, worker_concurrency=places[names.IMAGES])
                declare(names.ALONE, worker_concurrency=places[names.ALONE], polling_interval_sec=ALONE_POLL_S)
            else:
                policies = [self._settings.delivery, *map(self._settings.delivery_policy, self._settings.peers)]
                # The most of all; the gate holds a destination to its own.
                declare(names.DELIVER, partition_worker_concurrency=max(each.concurrency for each in policies))
        finally:
            client.destroy()

    def _config(self) -> DBOSConfig:
        config = DBOSConfig(
            name=names.APPLICATION,
            system_database_url=database.database_url(self._settings),
            application_version=names.VERSION,
            executor_id=self._executor_id,
            serializer=DBOSPortableJSONSerializer(),
            run_migrations=False,
            log_level="WARNING",
            enable_otlp=False,
        )
        if database.is_shared(self._settings):
            config["db_engine_kwargs"] = {"connect_args": database.CONNECTION}
        return config


def silence() -> None:
    """DBOS's own lines follow the node's logging, warnings and above only, without its advert."""
    logger = logging.getLogger("dbos")
    if not logger.handlers:
        logger.addHandler(logging.NullHandler())  # DBOS adds a handler of its own to a logger without one
    logger.setLevel(logging.WARNING)


def _drain() -> bool:
    """Take no more jobs, wait for those in hand."""
    log.info("draining")
    DBOS.destroy(workflow_completion_timeout_sec=DRAIN_S)
    return not any(
        thread.name.startswith("dbos-executor-") and thread.is_alive() and _busy(thread)
        for thread in threading.enumerate()
    )


def _busy(thread: threading.Thread) -> bool:
    thread.join(timeout=0.5)
    return thread.is_alive()
