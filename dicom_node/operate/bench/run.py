"""The benchmark's way.

1. The reference of the computer: Inception-V3 in a process of its own.
2. Each role alone, several times: start to ready, memory.
3. The whole node: one image after the other, then four senders at a time, several times; memory of each role.
4. The reference of the network: storescp, fed with the same images by the same senders.
"""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from dicom_node.operate.bench import inception
from dicom_node.operate.bench.inception import Inception
from dicom_node.operate.bench.measures import (
    ROLES,
    SENDER,
    Start,
    Throughput,
    images,
    latencies,
    memory_by_role,
    start_of,
    throughput,
)
from dicom_node.operate.bench.pacs import Pacs
from dicom_node.operate.bench.senders import send_all, storescp
from dicom_node.operate.node_process import NodeProcess
from dicom_node.operate.trial import write_settings

Say = Callable[[str], None]


@dataclass(frozen=True)
class Plan:
    """images: of the latency and of each throughput run; runs: of everything that is repeated."""

    images: int
    runs: int
    pipeline: str
    weights: Path | None


@dataclass(frozen=True)
class Results:
    """Everything measured; storescp_s is empty where DCMTK is not installed."""

    plan: Plan
    pacs_name: str
    reference: Inception
    starts: dict[str, list[Start]]
    latencies_s: list[float]
    throughputs: list[Throughput]
    loaded_mib: dict[str, float]
    storescp_s: list[float]


def run(plan: Plan, pacs: Pacs, folder: Path, say: Say) -> Results:
    """Measure everything; a few minutes."""
    config, log = folder / "node.yaml", folder / "node.log"
    port = write_settings(config, {plan.pipeline: SENDER}, pacs, weights=plan.weights)
    supply = images(folder / "images")
    say("Reference: Inception-V3 ...")
    reference = inception.measure()
    say("Starting each role ...")
    starts = {role: [start_of(role, config, log) for _ in range(plan.runs)] for role in ROLES}
    with NodeProcess(config, log) as node:
        say(f"{plan.images} images, one after the other ...")
        latency = latencies(list(islice(supply, plan.images)), port, pacs)
        say(f"{plan.images} images by four senders, {plan.runs} times ...")
        batches = [list(islice(supply, plan.images)) for _ in range(plan.runs)]
        throughputs = [throughput(batch, port, pacs) for batch in batches]
        loaded = memory_by_role(node.pid)
    say("Reference: storescp ...")
    compared = _storescp_seconds(batches, folder / "storescp")
    return Results(plan, pacs.name, reference, starts, latency, throughputs, loaded, compared)


def _storescp_seconds(batches: list[list[Path]], folder: Path) -> list[float]:
    with storescp(folder) as port:
        if port is None:
            return []
        return [send_all(batch, port=port, called_ae_title="STORESCP", calling_ae_title=SENDER) for batch in batches]
