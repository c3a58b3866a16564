"""A process of the node with stand-ins for reading and delivering, so that it can be started, killed and resumed.

    python -m tests.support.job_process ROLE DIRECTORY BEHAVIOUR [SETTINGS]

SETTINGS are sections of the settings as JSON; "version" among them is the version of the workflows.
Each call of a stand-in is one line in DIRECTORY/calls.txt: "read KEY" or "deliver KEY DESTINATION".
"""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from dicom_node.errors import StorageFull
from dicom_node.jobs import engine as engine_module
from dicom_node.jobs import names
from dicom_node.jobs.contract import DeliveryOutcome, Verdict
from dicom_node.jobs.engine import Engine, Role
from dicom_node.operate.signals import end, stop_event
from dicom_node.settings import Settings
from dicom_node.spool.layout import Layout
from dicom_node.spool.results import NewObject, write_results
from tests.support.receiving import image

DESTINATIONS = ("pacs", "archive")
GRACE_S = 60.0


def settings_in(directory: Path, **delivery: object) -> Settings:
    """Settings with everything in `directory`."""
    return Settings.model_validate({"storage": {"directory": directory}, "delivery": delivery})


def start(role: str, directory: Path, behaviour: str = "well", **sections: Any) -> "subprocess.Popen[bytes]":
    """The process, which prints "ready" once it takes jobs. sections: of the settings; version: of the workflows."""
    command = [sys.executable, "-m", "tests.support.job_process", role, str(directory), behaviour]
    command.append(json.dumps(sections))
    return subprocess.Popen(command, stdout=subprocess.PIPE, env={**os.environ, "OMP_NUM_THREADS": "1"})


def calls(directory: Path) -> list[str]:
    """What the stand-ins were asked for so far."""
    file = directory / "calls.txt"
    return file.read_text().splitlines() if file.exists() else []


class StandIns:
    """Read and deliver as the named behaviour says."""

    def __init__(self, directory: Path, behaviour: str) -> None:
        self.directory, self.behaviour = directory, behaviour

    def read_image(self, key: str) -> tuple[str, ...]:
        times = self._note(f"read {key}")
        if self.behaviour.startswith("hangs-first") and times == 1:
            time.sleep(60)
        if self.behaviour == "slow":
            time.sleep(1.5)
        if self.behaviour == "poison" and key == "poison":
            os.kill(os.getpid(), signal.SIGKILL)
        if times == 1 and (self.behaviour == "disk-full" or (self.behaviour == "mixed" and key == "delayed")):
            raise StorageFull("less is free than is kept in reserve")
        if times == 1 and self.behaviour == "mixed" and key == "running":
            time.sleep(600)
        if self.behaviour == "writes":
            self._write(key, sleep_s=4 if times == 1 else 0)
        if self.behaviour == "raises":
            raise ValueError("a patient's name")
        return DESTINATIONS if self.behaviour != "nowhere" else ()

    def deliver_results(self, key: str, destination: str) -> DeliveryOutcome:
        times = self._note(f"deliver {key} {destination}")
        if self.behaviour == "pacs-away" and destination == "pacs" and times < 3:
            return DeliveryOutcome(Verdict.RETRY, "association-refused")
        if self.behaviour == "pacs-hangs" and destination == "pacs":
            time.sleep(60)
        if self.behaviour == "pacs-refuses" and destination == "pacs":
            return DeliveryOutcome(Verdict.PARKED, "a900")
        return DeliveryOutcome(Verdict.DELIVERED, "delivered")

    def _write(self, key: str, *, sleep_s: float) -> None:
        """Results that differ from any other process's."""
        time.sleep(sleep_s)
        ds = image(side=8, seed=os.getpid())
        stored = write_results(Layout(self.directory), key, [NewObject("report", ds)], {"pid": os.getpid()})
        self._note(f"wrote {os.getpid()}, kept {stored.objects[0].sha256}")

    def _note(self, line: str) -> int:
        with (self.directory / "calls.txt").open("a") as file:
            file.write(line + "\n")
        return calls(self.directory).count(line)


def main(role: str, directory: str, behaviour: str, sections: str = "{}") -> int:
    given = json.loads(sections)
    names.VERSION = given.pop("version", names.VERSION)  # type: ignore[misc]
    delivery = {"delays_s": (0.5, 1.0), "give_up_after_h": 1}
    settings = Settings.model_validate({"storage": {"directory": directory}, "delivery": delivery, **given})
    stand_ins = StandIns(Path(directory), behaviour)
    engine = Engine(settings, Role(role))
    if role == Role.WORK:
        engine.on_image(stand_ins.read_image)
    else:
        engine.on_delivery(stand_ins.deliver_results)
    if behaviour == "hangs-first-and-has-a-second-to-stop":
        engine_module.DRAIN_S = 1
    stop = stop_event()
    return end(engine.run(stop, on_ready=lambda: print("ready", flush=True)))


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
