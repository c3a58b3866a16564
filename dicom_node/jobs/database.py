"""The job database: a SQLite file in WAL mode, or PostgreSQL for several hosts; made by whoever comes first."""

import fcntl
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from time import monotonic, sleep

import sqlalchemy as sa
from dbos import DBOS
from sqlalchemy import event
from sqlalchemy.exc import OperationalError, SQLAlchemyError

from dicom_node.errors import JobsUnavailable
from dicom_node.jobs import leases
from dicom_node.secrets_file import read_secret
from dicom_node.settings import Settings
from dicom_node.spool.layout import Layout

BUSY_TIMEOUT_S = 5.0
"""How long a short write waits for another writer: well within a modality's DIMSE timeout (30 s as a rule)."""
MIGRATION_WAIT_S = 60.0
MIGRATION_LOCK = 0x626F6E65_00000001
"""PostgreSQL's advisory lock for whoever creates or migrates the schema; another host's process waits for it."""
CONNECTION = {
    "application_name": "dicom-node",
    "connect_timeout": int(BUSY_TIMEOUT_S),
    "keepalives_idle": 5,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 15_000,
    "options": "-c idle_in_transaction_session_timeout=10s",
}
"""libpq's options: a server whose host is gone without a word is noticed within seconds, not hours; a process
that is frozen within a transaction holds its rows for seconds, too."""


class DatabaseMissing(JobsUnavailable):
    """PostgreSQL runs, and has no such database or user."""

    code, retry = "database-missing", False


def database_url(settings: Settings) -> str:
    """SQLAlchemy's URL of the job database, with its password. Raises SettingsInvalid where that cannot be read."""
    chosen = settings.database
    if chosen.url is None:
        return f"sqlite:///{Layout(settings.storage.directory).job_database}"
    if chosen.password_file is None:
        return chosen.url
    url = sa.make_url(chosen.url).set(password=read_secret(chosen.password_file))
    return url.render_as_string(hide_password=False)


def is_shared(settings: Settings) -> bool:
    """Whether several hosts may use the job database: PostgreSQL."""
    return settings.database.url is not None


def prepare(settings: Settings) -> None:
    """Create or migrate the schema; safe when several processes start at once.

    Raises DatabaseMissing, or JobsUnavailable where it may help to wait.
    """
    root = settings.storage.directory
    try:
        root.mkdir(parents=True, exist_ok=True)
        if is_shared(settings):
            _prepare_postgresql(settings)
            return
        with exclusive(root / "jobs.lock", wait_s=MIGRATION_WAIT_S):
            _set_write_ahead_log(Layout(root).job_database)
            DBOS.migrate(database_url(settings))
    except (OSError, sqlite3.Error, SQLAlchemyError) as error:
        if _is_missing(error):
            raise DatabaseMissing(
                "no such database or user in PostgreSQL: createuser and createdb make them"
            ) from error
        raise JobsUnavailable(f"job database: {type(error).__name__}") from error


def connect(settings: Settings) -> sa.Engine:
    """An engine for short writes: it fails soon where DBOS's own would wait without end."""
    url = sa.make_url(database_url(settings))
    if is_shared(settings):
        return sa.create_engine(
            url.set(drivername="postgresql+psycopg"),
            connect_args=CONNECTION,
            pool_pre_ping=True,
            pool_timeout=BUSY_TIMEOUT_S,
        )
    engine = sa.create_engine(url, connect_args={"timeout": BUSY_TIMEOUT_S}, pool_timeout=BUSY_TIMEOUT_S)

    @event.listens_for(engine, "connect")
    def take_the_write_lock_first(connection: sqlite3.Connection, _record: object) -> None:
        # A read transaction that turns into a write fails at once when another writer came between.
        connection.isolation_level = "IMMEDIATE"
        connection.execute("PRAGMA foreign_keys=ON")

    return engine


@contextmanager
def exclusive(path: Path, *, wait_s: float) -> Iterator[None]:
    """Hold the lock file alone. The kernel lets go of it when the process dies. Raises JobsUnavailable."""
    deadline = monotonic() + wait_s
    with path.open("a") as file:
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if monotonic() > deadline:
                    raise JobsUnavailable(f"{path.name} is held by another process") from None
                sleep(0.05)
        yield


def _prepare_postgresql(settings: Settings) -> None:
    engine = connect(settings)
    try:
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            _lock_migration(connection)
            # The lock ends with the connection, which is closed below.
            DBOS.migrate(sa.make_url(database_url(settings)).render_as_string(hide_password=False))
            leases.create_table(connection)
    finally:
        engine.dispose()


def _lock_migration(connection: sa.Connection) -> None:
    """Asked for again and again: a migration builds indexes, and waits for every statement that began before.

    Raises JobsUnavailable.
    """
    deadline = monotonic() + MIGRATION_WAIT_S
    while not connection.execute(sa.select(sa.func.pg_try_advisory_lock(MIGRATION_LOCK))).scalar_one():
        if monotonic() > deadline:
            raise JobsUnavailable("the job database is being migrated by another process")
        sleep(0.2)


def _is_missing(error: Exception) -> bool:
    """libpq tells of a refused connection by its text alone."""
    return isinstance(error, OperationalError) and any(
        f'FATAL:  {what} "' in str(error) and "does not exist" in str(error) for what in ("database", "role")
    )


def _set_write_ahead_log(path: Path) -> None:
    """Once and for good: the mode is kept in the file. Without it readers and writers block each other."""
    with closing(sqlite3.connect(path, timeout=BUSY_TIMEOUT_S)) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
