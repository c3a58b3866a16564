"""Which processes live, where several hosts share a PostgreSQL database, and what becomes of a dead one's jobs.

Every process that runs jobs renews its lease, three times within the lease's length. Whoever has renewed long enough
may lead: it sets the jobs of processes without a lease free, for any process to take. Only the database's clock counts.

A process that was only stopped may go on after that. The engine fences it: each start of a job carries a token, and
what is recorded under an old one is refused. The spool keeps the first results that were made final.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import sqlalchemy as sa

from dicom_node.jobs import names

TAKING_OVER = 0x626F6E65_00000002
RELEASING = 0x626F6E65_00000003
"""PostgreSQL's advisory locks for what one process of all hosts does at a time."""

CREATE = (
    "CREATE SCHEMA IF NOT EXISTS dicom_node",
    """
    CREATE TABLE IF NOT EXISTS dicom_node.leases (
        executor_id text PRIMARY KEY,
        renewed_at timestamptz NOT NULL,
        steady_since timestamptz NOT NULL
    )
    """,
)
"""steady_since: from when on no gap between two renewals was longer than the lease."""

RENEW = """
    INSERT INTO dicom_node.leases AS held VALUES (:executor_id, now(), now())
    ON CONFLICT (executor_id) DO UPDATE SET
        steady_since = CASE
            WHEN held.renewed_at BETWEEN now() - make_interval(secs => :lease_s) AND now() THEN held.steady_since
            ELSE now()
        END,
        renewed_at = now()
    RETURNING steady_since < now() - make_interval(secs => :lease_s)
"""
LEAD = """
    SELECT pg_try_advisory_xact_lock(:lock) FROM set_config('idle_in_transaction_session_timeout', '5s', true)
"""
"""A process that freezes meanwhile loses its connection, and the lock with it."""
TAKE_OVER = """
    UPDATE dbos.workflow_status
    SET status = 'ENQUEUED', owner_xid = NULL, started_at_epoch_ms = NULL,
        updated_at = (extract(epoch FROM now()) * 1000)::bigint
    WHERE workflow_uuid IN (
        SELECT workflow_uuid FROM dbos.workflow_status
        WHERE status = 'PENDING' AND application_name = :application AND executor_id NOT IN (
            SELECT executor_id FROM dicom_node.leases
            WHERE renewed_at BETWEEN now() - make_interval(secs => :lease_s) AND now() + make_interval(secs => :lease_s)
        )
        FOR UPDATE SKIP LOCKED
    )
    RETURNING workflow_uuid
"""
"""What DBOS does at its own start with the jobs of its own executor id (`reenqueue_for_recovery`).

A row that a frozen process holds is skipped until the server ends that transaction, and holds up no other.
"""
END = "DELETE FROM dicom_node.leases WHERE executor_id = :executor_id"


def create_table(connection: sa.Connection) -> None:
    """Unless it exists. Raises SQLAlchemyError."""
    for statement in CREATE:
        connection.execute(sa.text(statement))


@contextmanager
def leading(engine: sa.Engine, lock: int) -> Iterator[bool]:
    """Whether this process alone, of all hosts, holds the lock for the block; with a SQLite file it always does.

    Raises SQLAlchemyError.
    """
    if engine.dialect.name == "sqlite":
        yield True
        return
    with engine.begin() as connection:
        yield _leads(connection, lock)


def _leads(connection: sa.Connection, lock: int) -> bool:
    return bool(connection.execute(sa.text(LEAD), {"lock": lock}).scalar_one())


@dataclass(frozen=True)
class Lease:
    """The lease of one process. length_s: how long it holds after each renewal."""

    engine: sa.Engine
    executor_id: str
    length_s: float

    def renew(self) -> bool:
        """Tell that this process lives, and say whether it may lead. Raises SQLAlchemyError.

        It may not, for a whole lease, after a time in which leases could not be renewed: after the database was away,
        was set to another time, or this process was stopped, others that live have had no chance to say so.
        """
        with self.engine.begin() as connection:
            given = {"executor_id": self.executor_id, "lease_s": self.length_s}
            return bool(connection.execute(sa.text(RENEW), given).scalar_one())

    def take_over(self) -> Sequence[str]:
        """Set the jobs of dead processes free, and name them; none where another leads. Raises SQLAlchemyError."""
        with self.engine.begin() as connection:
            if not _leads(connection, TAKING_OVER):
                return ()
            given = {"application": names.APPLICATION, "lease_s": self.length_s}
            return connection.execute(sa.text(TAKE_OVER), given).scalars().all()

    def end(self) -> None:
        """This process stops: what it leaves in hand may be taken over at once. Raises SQLAlchemyError."""
        with self.engine.begin() as connection:
            connection.execute(sa.text(END), {"executor_id": self.executor_id})
