"""A node under supervision, with a PACS or two, modalities that repeat what was not acknowledged, and a way to kill."""

import os
import random
import signal
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
import yaml

from dicom_node.operate.node_process import NodeProcess
from dicom_node.operate.serve import ROLES
from tests.faults import entry
from tests.faults.phantoms import Image
from tests.support import tools
from tests.support.orthanc import free_port

MODALITY, NODE = "MODALITY", "BONEAGE"
PATIENCE_S = 300.0
"""How long a modality repeats what was not acknowledged."""
START_S = 600.0
"""A machine that is busy with other things takes minutes to load the networks."""
REPEAT_S = 0.2
SENDERS = 4


class SupervisedNode(NodeProcess):
    """The fault suite's own entry instead of the node's."""

    def __init__(self, config: Path, log: Path, role: str, *, quick: bool) -> None:
        super().__init__(config, log, role=role, timeout_s=START_S)
        self._command = entry.command(role, config, quick=quick)


@dataclass
class Site:
    """A running node. `folder` holds its settings, its log and its storage. acknowledged: images, by when."""

    folder: Path
    port: int
    process: NodeProcess
    acknowledged: dict[Image, float] = field(default_factory=dict)
    attempts: int = 0

    @property
    def settings(self) -> Path:
        return self.folder / "node.yaml"

    @property
    def log(self) -> str:
        """All that was logged until now."""
        return (self.folder / "node.log").read_text(encoding="utf-8", errors="replace")

    def role(self, name: str) -> psutil.Process | None:
        """The role's process, if it runs now."""
        for each in psutil.Process(self.process.pid).children():
            try:
                if name in each.cmdline()[3:4]:
                    return each
            except psutil.Error:
                continue
        return None

    def kill(self, name: str) -> bool:
        """SIGKILL; False where it is dead already."""
        found = self.role(name)
        if found is None:
            return False
        try:
            os.kill(found.pid, signal.SIGKILL)
        except ProcessLookupError:
            return False
        return True

    def send(self, image: Image, patience_s: float = PATIENCE_S) -> bool:
        """Send it with DCMTK's storescu until it is acknowledged, or patience ends."""
        deadline = time.monotonic() + patience_s
        while time.monotonic() < deadline:
            self.attempts += 1
            if store(image.path, self.port):
                self.acknowledged[image] = time.monotonic()
                return True
            time.sleep(REPEAT_S)
        return False

    def send_all(self, images: Sequence[Image], senders: int = SENDERS) -> None:
        """Send them by several modalities at the same time."""
        with ThreadPoolExecutor(senders) as pool:
            list(pool.map(self.send, images))


def store(path: Path, port: int, *options: str) -> bool:
    """One call of storescu; True where the node answered with success."""
    command = [str(tools.require("storescu")), "-v", *options, "-aet", MODALITY, "-aec", NODE, "127.0.0.1", str(port)]
    try:
        said = subprocess.run([*command, str(path)], capture_output=True, text=True, errors="replace", timeout=60)
    except subprocess.TimeoutExpired:
        return False
    return said.returncode == 0 and "(Success)" in said.stdout + said.stderr


@contextmanager
def site(folder: Path, destinations: Mapping[str, int], *, quick: bool = False, **changes: Any) -> Iterator[Site]:
    """Run a node whose results go to the destinations (AE title -> port) until the block ends.

    quick: with a stand-in for the networks. changes: keys of a section of the settings that differ from `document`.
    """
    port = free_port()
    folder.mkdir(parents=True, exist_ok=True)
    settings = folder / "node.yaml"
    settings.write_text(yaml.safe_dump(document(port, destinations, **changes), sort_keys=False))
    with SupervisedNode(settings, folder / "node.log", "serve", quick=quick) as process:
        yield Site(folder, port, process)


def document(port: int, destinations: Mapping[str, int], **changes: Any) -> dict[str, Any]:
    """Settings: the shipped reader on the CPU, soon repeated deliveries, small pictures."""
    local = {"host": "127.0.0.1"}
    receivers = {
        title.lower(): {"ae_title": title, "port": at, "may": ["receive"], **local}
        for title, at in destinations.items()
    }
    plain: dict[str, Any] = {
        "node": {"ae_title": NODE, "port": port, **local},
        "peers": {"modality": {"ae_title": MODALITY, "may": ["send"], **local}, **receivers},
        "routes": [{"name": "hands", "pipeline": "bone_age", "destinations": list(receivers)}],
        "storage": {"directory": "state", "minimum_free_mib": 64},
        "work": {"device": "cpu", "torch_threads": 1},
        "delivery": {"delays_s": [1, 2, 3], "connect_timeout_s": 3, "dimse_timeout_s": 5},
        "report": {"picture_side_px": 512},
    }
    return plain | {section: plain.get(section, {}) | keys for section, keys in changes.items()}


@contextmanager
def killing(site: Site, kills: int, *, between_s: tuple[float, float], seed: int) -> Iterator[dict[str, int]]:
    """SIGKILL to random roles at random times while the block runs, and after it until all kills are done.

    Yields how often each role was killed.
    """
    done = dict.fromkeys(ROLES, 0)
    chance = random.Random(seed)

    def run() -> None:
        while sum(done.values()) < kills:
            time.sleep(chance.uniform(*between_s))
            role = chance.choice(ROLES)
            done[role] += site.kill(role)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    yield done
    thread.join()
