"""Refusals measured.

1. The pipeline is built as the node builds it.
2. The hands of the fold pass its stages with their pixels as they came.
3. Pictures of each kind are made, of hands of the same fold, and pass the same stages; of kinds that were kept from
   training only with the test fold.
4. Stages and readers are timed on some of the hands, and the page is written.
"""

import math
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from dicom_node.operate.refusals.document import Measured, Origin, document
from dicom_node.operate.refusals.tally import Outcome, tallies
from dicom_node.shipped import pipeline_path
from models.data.folder import FolderSource
from models.data.labels import Label
from models.plausibility.judged import pictures
from models.plausibility.kinds import KINDS, SEEN
from models.plausibility.sources import DETECTOR, radiograph_hands
from models.registry import load
from pipelines.build import build
from pipelines.contract import HandRadiograph, Sex
from pipelines.read import StagedPipeline
from pipelines.readers.contract import Request
from pipelines.stages.bones import Bones
from pipelines.stages.contract import Case
from pipelines.stages.plausibility import Plausibility

TEST_FOLD = 9
SOURCES, SEED = 60, 9
"""Pictures are made of so many hands of the fold, and are always the same ones."""
TIMED = 20
LEAST_PX = 256
"""Pieces of small radiographs are enlarged to this shorter side, so that they are not refused for being small."""


def evaluate_refusals(
    *,
    data: Path,
    fold: int = TEST_FOLD,
    each: int = 20,
    pipeline: str = "bone_age",
    output: Path | None = None,
    weights_directory: Path | None = None,
) -> str:
    """The page; written to `output` as well. each: pictures of each kind.

    Raises ValueError for a folder without radiographs of the fold, or a pipeline that judges no plausibility.
    """
    built = build(pipeline_path(pipeline), weights_directory=weights_directory, device="cpu")
    threshold = _threshold(built)
    source = FolderSource(data)
    labels = [label for label in source.labels() if label.fold == fold]
    if not labels:
        raise ValueError(f"{data}: no radiograph of fold {fold}")
    hands = [_outcome(built, pixels) for _, pixels in source.pixels(labels)]
    spoiled = radiograph_hands(data, _some(labels, SOURCES), load(DETECTOR, directory=weights_directory))
    kinds = KINDS if fold == TEST_FOLD else SEEN
    made = [(kind, _outcome(built, enlarged(pixels))) for kind, pixels in pictures(kinds, each, spoiled, SEED)]
    costs = _costs(built, [hand.pixels for hand in spoiled[:TIMED]])
    command = f"dicom-node evaluate-refusals --data DIR --fold {fold} --each {each} --pipeline {pipeline}"
    origin = Origin(built.name, built.fingerprint, built.models, threshold, command, _fewest(built))
    text = document(Measured(fold, hands, tallies(made), costs), origin)
    if output is not None:
        output.write_text(text, encoding="utf-8")
    return text


def enlarged(pixels: NDArray[np.float32]) -> NDArray[np.float32]:
    """The picture with a shorter side of at least LEAST_PX, at its own aspect."""
    factor = LEAST_PX / min(pixels.shape)
    if factor <= 1:
        return pixels
    height, width = (math.ceil(side * factor) for side in pixels.shape)
    return np.asarray(cv2.resize(pixels, (width, height), interpolation=cv2.INTER_LINEAR), dtype=np.float32)


def _threshold(pipeline: StagedPipeline) -> float:
    for stage in pipeline.stages:
        if isinstance(stage, Plausibility):
            return stage.least
    raise ValueError(f"pipeline {pipeline.name}: has no stage plausibility; add it to its YAML file")


def _fewest(pipeline: StagedPipeline) -> int:
    return max((stage.fewest for stage in pipeline.stages if isinstance(stage, Bones)), default=0)


def _outcome(pipeline: StagedPipeline, pixels: NDArray[np.float32]) -> Outcome:
    refusal = pipeline.refusal_of(HandRadiograph(pixels))
    return refusal.code if refusal else None


def _some(labels: Sequence[Label], count: int) -> tuple[Label, ...]:
    places = np.linspace(0, len(labels) - 1, min(count, len(labels))).round().astype(int)
    return tuple(labels[place] for place in places)


def _costs(pipeline: StagedPipeline, frames: Sequence[NDArray[np.float32]]) -> dict[str, float]:
    """CPU milliseconds a hand of each stage, and of all readers for one sex; the first one is not counted."""
    cases = [Case(HandRadiograph(pixels, sex=Sex.FEMALE)) for pixels in frames]
    requests = [Request(case.radiograph, Sex.FEMALE) for case in cases]
    steps: dict[str, Callable[[int], object]] = {
        step.name: lambda n, stage=stage: stage.apply(cases[n])  # type: ignore[misc]
        for step, stage in zip(pipeline.spec.stages, pipeline.stages, strict=True)
    }
    steps["readers"] = lambda n: [reader.read([requests[n]]) for reader in pipeline.readers]
    return {name: _milliseconds(step, len(cases)) for name, step in steps.items()}


def _milliseconds(step: Callable[[int], object], count: int) -> float:
    step(0)
    begun = time.process_time()
    for n in range(count):
        step(n)
    return 1000 * (time.process_time() - begun) / count
