"""Load on the receiver alone: its memory while large images come from several senders, its time while peers idle."""

import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

import psutil
import yaml

from dicom_node.operate.node_process import NodeProcess
from dicom_node.spool.layout import Layout
from dicom_node.spool.store import MIB, Inbox
from tests.faults.scenario import Row, Scale, Scenario, at_most, exactly, noted, scratch
from tests.faults.site import MODALITY, NODE, SENDERS, START_S, document
from tests.support import tools
from tests.support.orthanc import free_port
from tests.support.receiving import association, write_image

SIDE_PX = 2048
"""Of the images sent: 8 MiB of pixels."""
SAMPLE_S = 0.2
WARM_IMAGES = 8
"""Memory counts from so many images on: the first of each sender load code and fill pools."""
GROWTH_MIB = 48
IDLE = 16
IDLE_S = 10.0
IDLE_PERCENT = 10


def run_memory(scale: Scale) -> Sequence[Row]:
    """Send the same image again and again, each time as a new SOP instance."""
    count = scale.pick(40, 500)
    with scratch("memory") as folder, _receiver(folder) as (process, port):
        image = write_image(folder / "image.dcm", side=SIDE_PX)
        inbox, samples = Inbox(Layout(folder / "state")), []
        began = time.monotonic()
        with ExitStack() as ended:
            senders = [ended.enter_context(_sender(image, port, count // SENDERS)) for _ in range(SENDERS)]
            while any(sender.poll() is None for sender in senders):
                samples.append(process.memory_info().rss / MIB)
                if _stored(inbox) <= WARM_IMAGES:
                    samples = samples[-1:]
                time.sleep(SAMPLE_S)
        seconds = time.monotonic() - began
        return [
            exactly("images stored", count, _stored(inbox), "images"),
            exactly("senders that heard success for each", SENDERS, sum(each.returncode == 0 for each in senders)),
            noted(f"images of {image.stat().st_size / MIB:.0f} MiB, {SENDERS} senders", count / seconds, "images/s"),
            noted("memory after the first images", samples[0], "MiB"),
            noted("memory at the end", process.memory_info().rss / MIB, "MiB"),
            at_most("growth to the highest", GROWTH_MIB, max(samples) - samples[0], "MiB"),
        ]


def run_idle(_scale: Scale) -> Sequence[Row]:
    """Open associations, say nothing, and look at the processor time of the receiver."""
    with scratch("idle") as folder, _receiver(folder) as (process, port), ExitStack() as opened:
        share = {0: _share(process)}
        established = [opened.enter_context(association(port)).is_established for _ in range(IDLE)]
        time.sleep(1)
        share[IDLE] = _share(process)
        return [
            exactly("associations open", IDLE, sum(established)),
            noted("processor time without any", share[0], "% of a core"),
            at_most(f"processor time with {IDLE} that are idle", IDLE_PERCENT, share[IDLE], "% of a core"),
        ]


def _share(process: psutil.Process) -> float:
    before, began = sum(process.cpu_times()[:2]), time.monotonic()
    time.sleep(IDLE_S)
    return 100 * (sum(process.cpu_times()[:2]) - before) / (time.monotonic() - began)


@contextmanager
def _receiver(folder: Path) -> Iterator[tuple[psutil.Process, int]]:
    port, config = free_port(), folder / "node.yaml"
    config.write_text(yaml.safe_dump(document(port, {}, node={"idle_timeout_s": 120})))
    with NodeProcess(config, folder / "node.log", role="receive", timeout_s=START_S) as process:
        yield psutil.Process(process.pid), port


@contextmanager
def _sender(image: Path, port: int, count: int) -> Iterator["subprocess.Popen[bytes]"]:
    """One association that sends the image so many times, each time under a new SOP Instance UID."""
    options = ["+II", "--repeat", str(count), "-aet", MODALITY, "-aec", NODE]
    command = [str(tools.require("storescu")), *options, "127.0.0.1", str(port), str(image)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            yield process
        finally:
            if process.poll() is None:
                process.kill()


def _stored(inbox: Inbox) -> int:
    return sum(1 for _ in inbox.keys())  # noqa: SIM118


SCENARIOS = (
    Scenario("memory", "Large images from several senders at a time: the receiver's memory stays flat.", run_memory),
    Scenario("idle", "Associations that say nothing cost next to no processor time.", run_idle),
)
