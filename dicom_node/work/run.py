"""The worker process.

1. Decoding processes start; meanwhile torch is loaded and the pipelines that routes use are built and tried.
2. Images in the spool that have no job get one, now and at intervals (see `jobs.housekeeping`).
3. Jobs run until the process is asked to stop; those in hand are then finished within a bounded time.
"""

import threading
from collections.abc import Iterable
from functools import partial
from pathlib import Path

import numpy as np
import structlog

from dicom_node import logs, settings
from dicom_node.audit.trail import Trail
from dicom_node.errors import SettingsInvalid
from dicom_node.jobs.client import open_queue
from dicom_node.jobs.engine import Engine, Role
from dicom_node.jobs.housekeeping import Housekeeper
from dicom_node.operate import notify
from dicom_node.operate.pulse import Pulse
from dicom_node.operate.signals import end, stop_event
from dicom_node.settings import Settings
from dicom_node.settings_work import Work
from dicom_node.shipped import pipeline_path
from dicom_node.spool.layout import Layout
from dicom_node.spool.store import Inbox
from dicom_node.work.batch import Batcher
from dicom_node.work.decode import decode
from dicom_node.work.decoders import Decoders
from dicom_node.work.read import ImageReader
from pipelines.contract import HandRadiograph, Pipeline

HUNG_EXIT_STATUS = 75
"""EX_TEMPFAIL of sysexits.h: whoever supervises this process starts it again."""

log = structlog.get_logger(__name__)


def run(config: Path) -> int:
    """Read images until asked to stop. Raises SettingsInvalid, JobsUnavailable, SpoolUnwritable."""
    node = settings.load(config)
    logs.configure(node.logging, role="work")
    trail = Trail(node, "work")
    trail.started(config)
    stop = stop_event()
    decoders = start_decoders(node)
    batchers = {name: start_batcher(pipeline, node.work) for name, pipeline in build_pipelines(node).items()}
    inbox = Inbox(Layout(node.storage.directory), minimum_free_mib=node.storage.minimum_free_mib)
    inbox.prepare()
    engine = Engine(node, Role.WORK)
    reader = ImageReader(node, decoders.decode, batchers)
    engine.on_image(reader, reader.give_up)
    queue, pulse = open_queue(node), Pulse(node, "work")
    housekeeper = Housekeeper(node.storage, inbox, queue)
    watch = HangWatch(batchers.values(), node.work.batch_timeout_s, stop, pulse)
    finished = engine.run(stop, on_ready=lambda: begin(housekeeper), on_beat=watch.beat)
    pulse.end()
    housekeeper.stop()
    queue.close()
    decoders.close()
    trail.stopped()
    return end(finished, HUNG_EXIT_STATUS if watch.hung else 0)


def start_decoders(node: Settings) -> Decoders:
    """Processes that decode within the settings' limits."""
    work = node.work
    return Decoders(
        partial(decode, limits=node.parsing),
        count=work.decoder_processes,
        timeout_s=work.decode_timeout_s,
        memory_mib=work.decoder_memory_mib,
    )


def build_pipelines(node: Settings) -> dict[str, Pipeline]:
    """Those that routes use, by the name that routes call them.

    Raises SettingsInvalid where one does not exist or cannot be built.
    """
    import torch

    from dicom_node.work.gpu_memory import ThriftyPipeline
    from pipelines.build import build

    if node.work.torch_threads:
        torch.set_num_threads(node.work.torch_threads)
    names = sorted({route.pipeline for route in node.routes})
    paths = {name: pipeline_path(name, node.work.pipelines_directory) for name in names}
    built = partial(build, weights_directory=node.work.weights_directory)
    try:
        return {
            name: ThriftyPipeline(built(path, device=str(node.work.device)), partial(built, path, device="cpu"))
            for name, path in paths.items()
        }
    except ValueError as error:
        raise SettingsInvalid(str(error)) from error


def start_batcher(pipeline: Pipeline, work: Work) -> Batcher:
    """Tried once before the worker says that it is ready: the first pass of a network takes longer than the next."""
    batcher = Batcher(pipeline, size=work.batch_size, wait_ms=work.batch_wait_ms)
    ramp = np.tile(np.linspace(0, 1, 512, dtype=np.float32), (640, 1))
    batcher.read(HandRadiograph(pixels=ramp))
    log.info("pipeline_built", pipeline=pipeline.name, fingerprint=pipeline.fingerprint)
    return batcher


def begin(housekeeper: Housekeeper) -> None:
    """Ready; a large spool is swept meanwhile."""
    notify.ready()
    housekeeper.start()


class HangWatch:
    """Looks about once a second, while jobs run, whether a pipeline hangs, and then stops the process.

    What is in hand ends or is tried again; whoever supervises the process starts the next one.
    """

    def __init__(self, batchers: Iterable[Batcher], timeout_s: float, stop: threading.Event, pulse: Pulse) -> None:
        self._batchers, self._timeout_s, self._stop, self._pulse = tuple(batchers), timeout_s, stop, pulse
        self.hung = False

    def beat(self) -> None:
        """Look at every pipeline, then tell that the process is alive."""
        for batcher in self._batchers:
            if batcher.give_up(self._timeout_s):
                log.error("pipeline_hung", pipeline=batcher.pipeline.name, seconds=self._timeout_s)
                self.hung = True
                self._stop.set()
        self._pulse.beat()
