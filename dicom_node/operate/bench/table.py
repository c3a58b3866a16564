"""The benchmark's results as Markdown: each figure beside its reference, and their ratio."""

import os
import platform
from collections.abc import Iterable
from statistics import median

from dicom_node.operate.bench.measures import percentile_95
from dicom_node.operate.bench.run import Results

Row = tuple[str, float, str, float | None]
"""What, the node's figure, the reference's name, its figure."""


def markdown(results: Results) -> str:
    """The whole table with its conditions."""
    lines = [
        f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}; results go to "
        f"{results.pacs_name}; pipeline `{results.plan.pipeline}`; {results.plan.images} phantoms a run, "
        f"medians of {results.plan.runs} runs. Times hold for this computer, the ratios for more.",
        "",
        "| measure | node | reference | reference's | ratio |",
        "|---|---:|---|---:|---:|",
    ]
    return "\n".join([*lines, *map(_line, _rows(results))]) + "\n"


def _line(row: Row) -> str:
    what, value, name, reference = row
    if reference is None:
        return f"| {what} | {value:.3g} | {name} | - | - |"
    return f"| {what} | {_figure(value)} | {name} | {_figure(reference)} | {value / reference:.2f} |"


def _figure(value: float) -> str:
    return f"{value:.0f}" if value >= 100 else f"{value:.3g}"


def _rows(results: Results) -> Iterable[Row]:
    reference = results.reference
    for role, starts in results.starts.items():
        seconds = median(start.start_s for start in starts)
        yield f"{role}: start to ready, s", seconds, "Inception-V3: start to first pass", reference.start_s
    for role, starts in results.starts.items():
        memory = median(start.rss_mib for start in starts)
        yield f"{role}: memory when ready, MiB", memory, "Inception-V3 process", reference.rss_mib
    for role, memory in results.loaded_mib.items():
        yield f"{role}: memory after all images, MiB", memory, "Inception-V3 process", reference.rss_mib
    once = "Inception-V3: one pass"
    yield "C-STORE success to report stored, median, s", median(results.latencies_s), once, reference.pass_s
    yield "the same, 95th percentile, s", percentile_95(results.latencies_s), once, reference.pass_s
    yield from _throughput_rows(results)


def _throughput_rows(results: Results) -> Iterable[Row]:
    """Images a minute with four senders: read and answered, and accepted."""
    answered = median(60 * each.images / each.answered_s for each in results.throughputs)
    accepted = median(60 * each.images / each.accepted_s for each in results.throughputs)
    stored = (
        median(60 * results.plan.images / seconds for seconds in results.storescp_s) if results.storescp_s else None
    )
    passes = 60 / results.reference.pass_s
    yield "4 senders: images answered a minute", answered, "Inception-V3: passes a minute", passes
    yield "4 senders: images accepted a minute", accepted, "storescp: images a minute", stored
