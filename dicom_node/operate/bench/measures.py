"""What is measured of the node. Every image is new to it; times are seconds, memory MiB of resident set."""

import statistics
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

from dicom_node.errors import NodeError
from dicom_node.operate.bench.pacs import Pacs
from dicom_node.operate.bench.senders import send_all
from dicom_node.operate.modality import send
from dicom_node.operate.node_process import NodeProcess
from dicom_node.operate.trial import NODE_AE_TITLE, copy_as_new_instance
from dicom_node.phantom import write

ROLES = ("receive", "work", "deliver")
SENDER = "BENCH"
_ANSWER_TIMEOUT_S = 60.0


class BenchFailed(NodeError):
    """The node did not do what is to be measured."""

    code = "bench-failed"


@dataclass(frozen=True)
class Start:
    """start_s: from the start of the process until it says that it is ready; rss_mib: then, with its children."""

    start_s: float
    rss_mib: float


@dataclass(frozen=True)
class Throughput:
    """Of one run: seconds until the last image was accepted, and until the last report stood in the PACS."""

    images: int
    accepted_s: float
    answered_s: float


def images(folder: Path) -> Iterator[Path]:
    """Phantoms without end, each a new SOP instance."""
    folder.mkdir(parents=True)
    original = folder / "original.dcm"
    write(original, bone_age_months=120, sex="F")
    number = 0
    while True:
        number += 1
        copy = folder / f"{number:05d}.dcm"
        copy_as_new_instance(original, copy, number)
        yield copy


def start_of(role: str, config: Path, log: Path) -> Start:
    """Start one role alone and stop it."""
    with NodeProcess(config, log, role=role) as process:
        return Start(process.seconds_to_ready, _rss_mib(psutil.Process(process.pid)))


def memory_by_role(serve_pid: int) -> dict[str, float]:
    """Of each role of a serving node, with its children."""
    children = psutil.Process(serve_pid).children()
    found = {role: child for child in children for role in ROLES if role in child.cmdline()}
    return {role: _rss_mib(child) for role, child in found.items()}


def _rss_mib(process: psutil.Process) -> float:
    family = [process, *process.children(recursive=True)]
    return float(sum(member.memory_info().rss for member in family)) / 2**20


def latencies(files: Sequence[Path], port: int, pacs: Pacs) -> list[float]:
    """One image after the other: from C-STORE's success to the report stored at the PACS."""
    seconds = []
    for path in files:
        before = pacs.reports()
        sent = send([path], host="127.0.0.1", port=port, called_ae_title=NODE_AE_TITLE, calling_ae_title=SENDER)[0]
        arrived_s = pacs.await_reports(before + 1, time.monotonic() + _ANSWER_TIMEOUT_S)
        if arrived_s is None:
            raise BenchFailed(f"no report within {_ANSWER_TIMEOUT_S:.0f} s")
        seconds.append(arrived_s - sent.accepted_s)
    return seconds


def throughput(files: Sequence[Path], port: int, pacs: Pacs) -> Throughput:
    """Four senders at the same time."""
    before, started = pacs.reports(), time.monotonic()
    accepted_s = send_all(files, port=port, called_ae_title=NODE_AE_TITLE, calling_ae_title=SENDER)
    arrived_s = pacs.await_reports(before + len(files), started + _ANSWER_TIMEOUT_S + 3.0 * len(files))
    if arrived_s is None:
        raise BenchFailed(f"{pacs.reports() - before} of {len(files)} reports came")
    return Throughput(len(files), accepted_s, arrived_s - started)


def percentile_95(values: Sequence[float]) -> float:
    """The 95th percentile, between the values of the sample."""
    return statistics.quantiles(values, n=20, method="inclusive")[-1]
