"""A worker with a pipeline and a decoder that crash, hang and eat memory over images of certain heights.

    python -m tests.support.poisoned_worker SETTINGS

All else is the node's own. Heights stand in for what hides in an image: they reach decoder and pipeline alike.
"""

import ctypes
import os
import signal
import sys
import time
from collections.abc import Sequence
from enum import IntEnum
from pathlib import Path

import numpy as np
from pydicom import dcmread

from dicom_node.errors import NodeError
from dicom_node.jobs import workflows
from dicom_node.jobs.attempts import Patience
from dicom_node.settings_parsing import DEFAULTS, Parsing
from dicom_node.work import decode as decoding
from dicom_node.work import run as worker
from pipelines.contract import HandRadiograph, ModelIdentity, ReaderReading, Reading, Refusal, Sex

SOON = Patience(delays_s=(0, 0.2, 0.2), give_up_after_s=3600, limit=4)
MEMORY_BYTES = 4 << 30


class Rows(IntEnum):
    """What an image of this height does."""

    WELL = 64
    DECODER_SEGFAULT = 70
    DECODER_ABORT = 71
    DECODER_HANG = 72
    DECODER_MEMORY = 73
    PIPELINE_HANG = 80
    PIPELINE_KILL = 81
    PIPELINE_RAISE = 82


def decode(path: Path, limits: Parsing = DEFAULTS) -> decoding.DecodedImage:
    """The node's own, unless the image's height says otherwise."""
    rows = dcmread(path, specific_tags=["Rows"]).Rows
    if rows == Rows.DECODER_SEGFAULT:
        ctypes.string_at(0)
    if rows == Rows.DECODER_ABORT:
        os.abort()
    if rows == Rows.DECODER_HANG:
        time.sleep(600)
    if rows == Rows.DECODER_MEMORY:
        np.ones(MEMORY_BYTES, np.uint8)
    return decoding.decode(path, limits)


class Poisoned:
    """Reads 100 months, unless the image's height says otherwise."""

    name, fingerprint = "bone_age", "cd" * 32
    models = (ModelIdentity("stand-in", "1.0.0", "ab" * 32),)

    def read(self, radiographs: Sequence[HandRadiograph]) -> list[Reading | Refusal]:
        heights = [each.pixels.shape[0] for each in radiographs]
        if Rows.PIPELINE_HANG in heights:
            time.sleep(600)
        if Rows.PIPELINE_KILL in heights:
            os.kill(os.getpid(), signal.SIGKILL)
        if Rows.PIPELINE_RAISE in heights:
            raise ZeroDivisionError("Planted^Name")
        return [self._reading(each) for each in radiographs]

    def _reading(self, radiograph: HandRadiograph) -> Reading:
        one = ReaderReading(Sex.FEMALE, "stand-in", 100.0, (88.0, 112.0))
        heatmap = np.ones(radiograph.pixels.shape, np.float32)
        return Reading(100.0, (88.0, 112.0), (one,), Sex.FEMALE, "stand-in", heatmap, self.models)


def main(settings: str) -> int:
    workflows.BLAMED = SOON
    worker.decode = decode
    worker.build_pipelines = lambda node: {"bone_age": Poisoned()}
    return worker.run(Path(settings))


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1]))
    except NodeError as error:
        sys.exit(f"{error.code}: {error}")
