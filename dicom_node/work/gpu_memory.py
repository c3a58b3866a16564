"""A pipeline whose batch does not fit into the GPU's memory: in halves, and one image alone by the processor."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cached_property

import structlog
import torch

from pipelines.contract import HandRadiograph, Pipeline, Reading, Refusal, WarningCode

log = structlog.get_logger(__name__)


class ThriftyPipeline:
    """Reads as `pipeline` does. on_cpu: builds the same pipeline for the processor, when it is first needed."""

    def __init__(self, pipeline: Pipeline, on_cpu: Callable[[], Pipeline]) -> None:
        self._pipeline, self._build = pipeline, on_cpu
        self.name, self.fingerprint, self.models = pipeline.name, pipeline.fingerprint, pipeline.models

    def read(self, radiographs: Sequence[HandRadiograph]) -> list[Reading | Refusal]:
        """One answer a radiograph, in order; what the processor read says so in its warnings."""
        try:
            return self._pipeline.read(radiographs)
        except torch.cuda.OutOfMemoryError:
            log.warning("gpu_memory_exhausted", pipeline=self.name, images=len(radiographs))
        torch.cuda.empty_cache()  # outside of `except`, whose traceback holds what did not fit
        if len(radiographs) == 1:
            return [_warned(answer) for answer in self._on_cpu.read(radiographs)]
        half = len(radiographs) // 2
        return [*self.read(radiographs[:half]), *self.read(radiographs[half:])]

    @cached_property
    def _on_cpu(self) -> Pipeline:
        return self._build()


def _warned(answer: Reading | Refusal) -> Reading | Refusal:
    if isinstance(answer, Refusal):
        return answer
    return replace(answer, warnings=(*answer.warnings, WarningCode.READ_ON_CPU))
