"""From a pipeline's YAML file to a pipeline that reads: the registry of stages and readers, and their weights.

A new stage is a class here and a line in the file.
"""

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TypeVar

import torch
from pydantic import ValidationError

from models import registry
from pipelines.read import StagedPipeline
from pipelines.readers.contract import Reader
from pipelines.readers.diibaa import DiibaaReader
from pipelines.readers.whole_hand import WholeHandReader
from pipelines.spec import PipelineInvalid, ReaderStep, Step, faults, load_spec
from pipelines.stages.bone_ages import BoneAges
from pipelines.stages.bones import Bones
from pipelines.stages.checks import Checks
from pipelines.stages.contract import Stage
from pipelines.stages.hand_mask import HandMask
from pipelines.stages.levels import Levels
from pipelines.stages.mirror import MirrorRight
from pipelines.stages.plausibility import Plausibility
from pipelines.stages.quality import Quality

STAGES: Mapping[str, type[Stage]] = {
    "bone_ages": BoneAges,
    "bones": Bones,
    "checks": Checks,
    "hand_mask": HandMask,
    "levels": Levels,
    "mirror_right": MirrorRight,
    "plausibility": Plausibility,
    "quality": Quality,
}
READERS: Mapping[str, type[WholeHandReader]] = {"diibaa": DiibaaReader, "whole_hand": WholeHandReader}

_Kind = TypeVar("_Kind")


def build(path: Path, *, weights_directory: Path | None = None, device: str = "auto") -> StagedPipeline:
    """The pipeline of a YAML file with its weights loaded, ready to read.

    weights_directory: None takes the weights that come with the models. device: auto, cpu or cuda.
    Raises PipelineInvalid for a fault in the file, ValueError for weights that are missing or altered.
    """
    spec = load_spec(path)
    stages = tuple(_stage(step, path) for step in spec.stages)
    _require_order([step.name for step in spec.stages], path)
    where = _device(device)
    load = partial(registry.load, directory=weights_directory, device=where)
    readers = {step.weights: _reader(step, path, weights_directory, where) for step in spec.readers}
    stages = tuple(stage.loaded(load, where) for stage in stages)
    return StagedPipeline(spec, stages, tuple(readers[name] for name in spec.weights))


def _stage(step: Step, path: Path) -> Stage:
    kind = _known(STAGES, step.name, "stage", path)
    try:
        return kind.model_validate(step.parameters)
    except ValidationError as error:
        raise PipelineInvalid(faults(f"{path}: {step.name}", error)) from None


def _require_order(names: Sequence[str], path: Path) -> None:
    """Raises PipelineInvalid where a stage lacks another in front of it."""
    for place, name in enumerate(names):
        for needed in STAGES[name].behind:
            if needed not in names[:place]:
                raise PipelineInvalid(f"{path}: stages: {name}: needs the stage '{needed}' in front of it")


def _reader(step: ReaderStep, path: Path, weights_directory: Path | None, device: str) -> Reader:
    kind = _known(READERS, step.name, "reader", path)
    try:
        parameters = kind.Parameters.model_validate(step.parameters)
    except ValidationError as error:
        raise PipelineInvalid(faults(f"{path}: {step.name}", error)) from None
    model = registry.load(step.weights, directory=weights_directory, device=device)
    return kind(model, parameters, device=device)


def _known(kinds: Mapping[str, _Kind], name: str, what: str, path: Path) -> _Kind:
    if name not in kinds:
        raise PipelineInvalid(f"{path}: unknown {what} '{name}'; known: {', '.join(kinds)}")
    return kinds[name]


def _device(device: str) -> str:
    if device != "auto":
        return device
    return "cuda" if torch.cuda.is_available() else "cpu"
