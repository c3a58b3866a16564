"""A PostgreSQL server of a test: made in a folder of its own, started, stopped, frozen and started again."""

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import psycopg

from tests.support import tools

USER = "postgres"


class Server:
    """A server on a free port of the loopback address, which trusts whoever connects."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.port = folder, _free_port()
        self._databases = 0
        self._run("initdb", "-D", self._data, "-U", USER, "-A", "trust", "--no-sync", "-E", "UTF8", "--locale=C")

    def start(self) -> None:
        """Take connections again."""
        options = f"-p {self.port} -c listen_addresses=127.0.0.1 -c unix_socket_directories='' -c fsync=off"
        self._run("pg_ctl", "-D", self._data, "-w", "-l", str(self.folder / "log"), "-o", options, "start")

    def stop(self) -> None:
        """Cut every connection, and take none."""
        self._run("pg_ctl", "-D", self._data, "-w", "-m", "immediate", "stop")

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """For the block: connections stay open, the kernel takes new ones, and nobody answers."""
        postmaster = psutil.Process(int(_processes(self.folder)[0]))
        every = [postmaster, *postmaster.children()]
        for process in every:
            process.suspend()
        try:
            yield
        finally:
            for process in every:
                process.resume()

    def new_database(self) -> str:
        """The URL of an empty database."""
        self._databases += 1
        name = f"node_{self._databases}"
        with psycopg.connect(self._url("postgres"), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}".encode())
        return self._url(name)

    @property
    def _data(self) -> str:
        return str(self.folder / "data")

    def _url(self, database: str) -> str:
        return f"postgresql://{USER}@127.0.0.1:{self.port}/{database}"

    def _run(self, command: str, *arguments: str) -> None:
        # The server does not run as root.
        account = ["runuser", "-u", _account(), "--"] if os.getuid() == 0 else []
        line = [*account, str(tools.require(command)), *arguments]
        subprocess.run(line, check=True, capture_output=True, cwd=self.folder, timeout=120)


@contextmanager
def running() -> Iterator[Server]:
    """A server until the end of the block."""
    folder = Path(tempfile.mkdtemp(prefix="postgresql-"))
    if os.getuid() == 0:
        shutil.chown(folder, _account())
    try:
        server = Server(folder)
        server.start()
        try:
            yield server
        finally:
            subprocess.run(["kill", "-KILL", *_processes(folder)], check=False, capture_output=True)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _processes(folder: Path) -> list[str]:
    """The server's first process; the others end with it."""
    file = folder / "data" / "postmaster.pid"
    return [file.read_text().splitlines()[0]] if file.exists() else []


def _account() -> str:
    names = {entry.pw_name for entry in pwd.getpwall()}
    return USER if USER in names else "nobody"


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
