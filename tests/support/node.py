"""A real node of a test: `dicom-node serve` as a process, its settings, and what its log says."""

import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from dicom_node.operate.node_process import NodeProcess


@dataclass(frozen=True)
class Node:
    """A running node. `settings` is its YAML file, `log` what it wrote to standard error."""

    ae_title: str
    port: int
    settings: Path
    log: Path

    def log_text(self) -> str:
        """All that was logged until now."""
        return self.log.read_text(encoding="utf-8", errors="replace")

    def await_log(self, words: str, *, timeout_s: float = 30.0) -> str:
        """The first line of the log that holds the words; fails after the timeout."""
        deadline = time.monotonic() + timeout_s
        while time.monotonic() < deadline:
            for line in self.log_text().splitlines():
                if words in line:
                    return line
            time.sleep(0.1)
        raise AssertionError(f"{words!r} is not in the log:\n{self.log_text()[-3000:]}")


def command(*arguments: object, timeout_s: float = 180.0) -> "subprocess.CompletedProcess[str]":
    """Run a dicom-node command to its end."""
    line = [sys.executable, "-m", "dicom_node.cli", *map(str, arguments)]
    return subprocess.run(line, capture_output=True, text=True, timeout=timeout_s, check=False)


@contextmanager
def serving(folder: Path, document: Mapping[str, Any]) -> Iterator[Node]:
    """Serve these settings until the end of the block. No role may die, and none be killed at the end."""
    folder.mkdir(parents=True, exist_ok=True)
    settings, log = folder / "node.yaml", folder / "node.log"
    settings.write_text(yaml.safe_dump(dict(document), sort_keys=False), encoding="utf-8")
    node = Node(document["node"]["ae_title"], document["node"]["port"], settings, log)
    with NodeProcess(settings, log):
        yield node
    assert "stopped" in node.log_text().splitlines()[-1], node.log_text()[-3000:]
    for fault in ("role_died", "role_killed", "role_silent"):
        assert fault not in node.log_text(), node.log_text()[-3000:]
