"""Settings of the job database, and of the hosts that share it."""

from typing import Annotated

from pydantic import AfterValidator, Field

from dicom_node.secrets_file import SecretFile
from dicom_node.settings_types import Frozen


def _of_postgresql(url: str) -> str:
    if not url.startswith("postgresql://"):
        raise ValueError("begins with postgresql://, or is null for a SQLite file")
    return url


class Database(Frozen):
    """The job database."""

    url: Annotated[str, AfterValidator(_of_postgresql)] | None = None
    """postgresql://user@host/name for several hosts; null keeps a SQLite file in storage.directory."""
    password_file: SecretFile | None = None
    """File with the password of database.url's user, or credential:NAME for one that systemd passes; null where none is
    asked for."""
    lease_s: float = Field(default=30.0, ge=1, le=600)
    """With PostgreSQL: a process that has not told that it lives for so long is taken for dead, and others take over
    what it had in hand. Seconds."""
