"""What each reader says of the same images, how many parameters it has and how long an image takes it."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
import torch

from dicom_node.operate.readers.specification import Row
from dicom_node.shipped import pipeline_path
from models import registry
from models.data.frames import Radiographs
from models.data.labels import Label
from models.evaluation.metrics import Array
from models.evaluation.poor.loading import is_there, load_reader
from models.evaluation.readings import read_with
from models.interval_net.transforms import prepared_frame
from models.phantom.damage import Pixels
from models.preprocess import standard_frame
from models.registry import LoadedModel
from pipelines.build import build
from pipelines.contract import HandRadiograph, Refusal, Sex
from pipelines.read import StagedPipeline
from pipelines.spec import PipelineSpec, load_spec, named_weights

Images = Sequence[tuple[Label, Pixels]]
BATCH = 16
TIMED = 24
"""Images that a reader is timed on, the better of two times."""


class SideReader(Protocol):
    """parameters: of all networks that take part. sha256: of what reads, in hex."""

    @property
    def parameters(self) -> int: ...
    @property
    def sha256(self) -> str: ...

    def read(self, images: Images) -> Array:
        """(N,) months; NaN where an image is not read."""
        ...


@dataclass(frozen=True)
class OfRun:
    """A network of a run, or packaged, with flips averaged."""

    model: LoadedModel

    @property
    def parameters(self) -> int:
        return sum(_count(each) for each in (self.model, self.model.hand_detector) if each is not None)

    @property
    def sha256(self) -> str:
        return self.model.sha256

    def read(self, images: Images) -> Array:
        """From pixels on: the frame, and the image and its mirror image through the network."""
        chain = self.model.card.chain
        frames = [standard_frame(pixels) if chain is None else prepared_frame(pixels, chain) for _, pixels in images]
        return read_with(self.model, Radiographs(tuple(label for label, _ in images), np.stack(frames), chain=chain))


@dataclass(frozen=True)
class OfPipeline:
    """The primary reader of a pipeline, behind the stages that it needs."""

    pipeline: StagedPipeline
    parameters: int

    @property
    def sha256(self) -> str:
        return self.pipeline.fingerprint

    def read(self, images: Images) -> Array:
        """From pixels on; an image that is refused is NaN."""
        months = []
        for start in range(0, len(images), BATCH):
            hands = [HandRadiograph(pixels, sex=Sex(label.sex)) for label, pixels in images[start : start + BATCH]]
            for answer in self.pipeline.read(hands):
                refused = isinstance(answer, Refusal) or answer.bone_age_months is None
                months.append(np.nan if refused else answer.bone_age_months)  # type: ignore[union-attr]
        return np.array(months, np.float64)


def reader_of(row: Row, runs: Path, weights_directory: Path | None = None) -> SideReader | None:
    """None where its weights are not there. Raises ValueError where they are damaged, SettingsInvalid where there is
    no such pipeline.
    """
    if row.run is not None:
        return OfRun(load_reader(row.run, runs)) if is_there(row.run, runs) else None
    assert row.pipeline is not None  # held by Row
    path = pipeline_path(row.pipeline)
    spec = load_spec(path)
    names = _weights(spec, row.stages)
    if not set(names) <= set(registry.names(weights_directory)) | set(registry.names()):
        return None
    built = build(path, weights_directory=weights_directory, device="cpu")
    kept = [stage for stage, step in zip(built.stages, spec.stages, strict=True) if step.name in row.stages]
    alone = StagedPipeline(_primary_alone(spec), kept, built.readers[:1])
    return OfPipeline(alone, sum(_count(registry.load(name, directory=weights_directory)) for name in names))


def seconds_an_image(read: Callable[[Images], object], images: Images) -> float:
    """Processor time on one thread, the better of two."""
    some, threads = images[:TIMED], torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        taken = []
        for _ in range(2):
            started = time.process_time()
            read(some)
            taken.append(time.process_time() - started)
    finally:
        torch.set_num_threads(threads)
    return min(taken) / max(1, len(some))


def _weights(spec: PipelineSpec, stages: Sequence[str]) -> tuple[str, ...]:
    """Names of all weights of the primary reader and of some stages, each once."""
    steps = [each for each in spec.stages if each.name in stages]
    primary = next(each for each in spec.readers if each.weights == spec.primary)
    parameters = [step.parameters for step in (*steps, primary)]
    return tuple(dict.fromkeys([spec.primary, *(name for each in parameters for name in named_weights(each))]))


def _count(model: LoadedModel) -> int:
    return sum(parameter.numel() for parameter in model.network.parameters())


def _primary_alone(spec: PipelineSpec) -> PipelineSpec:
    """The pipeline with its primary reader alone."""
    return spec.model_copy(update={"readers": tuple(each for each in spec.readers if each.weights == spec.primary)})
