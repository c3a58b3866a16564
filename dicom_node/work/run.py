"""The worker process.

1. Decoding processes start; meanwhile torch is loaded and the pipelines that routes use are built and tried.
2. Images in the spool that have no job get one.
3. Jobs run until the process is asked to stop; those in hand are then finished within a bounded time.
"""

import threading
from pathlib import Path

import numpy as np
import structlog

from dicom_node import logs, settings
from dicom_node.errors import SettingsInvalid
from dicom_node.jobs.client import DatabaseQueue, open_queue
from dicom_node.jobs.engine import Engine, Role
from dicom_node.jobs.sweep import sweep
from dicom_node.operate import notify
from dicom_node.operate.pulse import Pulse
from dicom_node.operate.signals import end, stop_event
from dicom_node.settings import Settings, Work
from dicom_node.shipped import pipeline_path
from dicom_node.spool.layout import Layout
from dicom_node.spool.store import Inbox
from dicom_node.work.batch import Batcher
from dicom_node.work.decode import decode
from dicom_node.work.decoders import Decoders
from dicom_node.work.read import ImageReader
from pipelines.contract import HandRadiograph, Pipeline

log = structlog.get_logger(__name__)


def run(config: Path) -> int:
    """Read images until asked to stop. Raises SettingsInvalid, JobsUnavailable, SpoolUnwritable."""
    node = settings.load(config)
    logs.configure(node.logging, role="work")
    stop = stop_event()
    decoders = Decoders(decode, count=node.work.decoder_processes, timeout_s=node.work.decode_timeout_s)
    batchers = {name: start_batcher(pipeline, node.work) for name, pipeline in build_pipelines(node).items()}
    inbox = Inbox(Layout(node.storage.directory), minimum_free_mib=node.storage.minimum_free_mib)
    inbox.prepare()
    engine = Engine(node, Role.WORK)
    engine.on_image(ImageReader(node, decoders.decode, batchers))
    queue, pulse = open_queue(node), Pulse(inbox.layout, "work")
    finished = engine.run(stop, on_ready=lambda: begin(inbox, queue), on_beat=pulse.beat)
    pulse.end()
    queue.close()
    decoders.close()
    return end(finished)


def build_pipelines(node: Settings) -> dict[str, Pipeline]:
    """Those that routes use, by the name that routes call them.

    Raises SettingsInvalid where one does not exist or cannot be built.
    """
    import torch

    from pipelines.build import build

    if node.work.torch_threads:
        torch.set_num_threads(node.work.torch_threads)
    names = sorted({route.pipeline for route in node.routes})
    paths = {name: pipeline_path(name, node.work.pipelines_directory) for name in names}
    try:
        return {
            name: build(path, weights_directory=node.work.weights_directory, device=str(node.work.device))
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


def begin(inbox: Inbox, queue: DatabaseQueue) -> None:
    """Ready; a large spool is swept meanwhile."""
    notify.ready()
    threading.Thread(target=sweep, args=(inbox.keys(), queue, inbox.layout), name="sweep", daemon=True).start()
