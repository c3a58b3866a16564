"""A pipeline's YAML file as frozen types. Loads neither networks nor torch."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any

import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from pipelines.contract import Sex

Name = Annotated[str, Field(pattern=r"^[a-z0-9_-]{1,40}$")]
METHOD = "Greulich and Pyle (learnt from readings by that atlas)"


class PipelineInvalid(ValueError):
    """A pipeline's YAML file names an unknown key, stage or reader, or a value out of range."""


class _Frozen(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


class Step(_Frozen):
    """A stage or a reader: the name of its class in the registry, and its parameters."""

    name: Name
    parameters: dict[str, Any] = Field(default_factory=dict)


class ReaderStep(Step):
    """A reader, and the weights it reads with; in results it is called by the name of its weights."""

    weights: Name


def _step(value: object) -> object:
    """`checks: {...}`, the way a step stands in the file -> name and parameters."""
    if isinstance(value, str):
        return {"name": value}
    if isinstance(value, dict) and len(value) == 1:
        ((name, parameters),) = value.items()
        return {"name": name, "parameters": parameters or {}}
    raise ValueError("a step is a name, or one name with its parameters below it")


def _reader_step(value: object) -> object:
    step = _step(value)
    if isinstance(step, dict) and isinstance(step.get("parameters"), dict):
        parameters = dict(step["parameters"])
        if "weights" in parameters:
            step = {**step, "weights": parameters.pop("weights"), "parameters": parameters}
    return step


class PipelineSpec(_Frozen):
    """The stages an image passes, the readers that read it, and which reader stands in front."""

    name: Name
    """Of the pipeline, as results and logs call it."""
    method: Annotated[str, Field(min_length=1, max_length=120)] = METHOD
    """What the bone age means, as reports say it."""
    stages: tuple[Annotated[Step, BeforeValidator(_step)], ...]
    """In the order an image passes them."""
    readers: Annotated[tuple[Annotated[ReaderStep, BeforeValidator(_reader_step)], ...], Field(min_length=1)]
    """Each reads every image."""
    primary: Name
    """Name of the weights whose reading is the bone age."""
    last_standard_months: dict[Sex, Annotated[float, Field(gt=0)]] = Field(default={Sex.FEMALE: 216.0, Sex.MALE: 228.0})
    """Bone age of the scale's last standard; a reading there or beyond is flagged as beyond the scale."""

    @model_validator(mode="after")
    def _consistent(self) -> "PipelineSpec":
        weights = [reader.weights for reader in self.readers]
        if len(set(weights)) < len(weights):
            raise ValueError("readers: the same weights stand there twice")
        if self.primary not in weights:
            raise ValueError(f"primary: '{self.primary}' is none of the readers' weights: {', '.join(weights)}")
        if set(self.last_standard_months) != set(Sex):
            raise ValueError("last_standard_months: needs F and M")
        return self

    @property
    def weights(self) -> tuple[str, ...]:
        """Names of all weights the pipeline reads with, the primary reader's first."""
        names = [reader.weights for reader in self.readers]
        return tuple(sorted(names, key=lambda name: name != self.primary))

    @property
    def stage_weights(self) -> tuple[str, ...]:
        """Names of the weights that stages work with, each once, in the order of the file."""
        return tuple(dict.fromkeys(name for step in self.stages for name in named_weights(step.parameters)))

    def canonical(self) -> str:
        """The same text for the same meaning, whatever the file's layout and comments."""
        return json.dumps(self.model_dump(mode="json"), sort_keys=True, separators=(",", ":"))


def named_weights(parameters: Mapping[str, Any]) -> Iterator[str]:
    """Every value of a key `weights`, however deep it stands."""
    for key, value in parameters.items():
        if key == "weights":
            yield str(value)
        elif isinstance(value, Mapping):
            yield from named_weights(value)


def load_spec(path: Path) -> PipelineSpec:
    """Read and validate a pipeline's file. Raises PipelineInvalid with the file and one line a fault."""
    try:
        return PipelineSpec.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
    except ValidationError as error:
        raise PipelineInvalid(faults(f"{path}", error)) from None
    except (OSError, yaml.YAMLError) as error:
        raise PipelineInvalid(f"{path}: {error}") from None


def faults(where: str, error: ValidationError) -> str:
    """One line a fault: where, which key, what is wrong with it."""
    lines = []
    for fault in error.errors(include_url=False):
        key = ".".join(str(part) for part in fault["loc"])
        wrong = "unknown key" if fault["type"] == "extra_forbidden" else fault["msg"].removeprefix("Value error, ")
        lines.append(f"{where}: {key}: {wrong}" if key else f"{where}: {wrong}")
    return "\n".join(lines)


def fingerprint(*parts: str) -> str:
    """Hex sha256 over texts, each closed so that no two lists of texts are alike."""
    digest = hashlib.sha256()
    for part in parts:
        digest.update(f"{len(part)}:{part}\n".encode())
    return digest.hexdigest()
