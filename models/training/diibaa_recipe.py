"""Recipes of DIIBAA: every network of it and of its rivals, and what they share, in one YAML file."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from models.data.augment import Augmentation
from models.diibaa.pairs import OTHERS_SHARE, SNR_DB
from models.diibaa.stages import SEXES, STAGES, Range, StageBounds, to_bounds
from models.training.recipe import ADDED, PhantomSet, read_document, to_settings
from models.training.task_recipe import TaskRecipe

TASK = "diibaa"
"""The value of a recipe's key `task`."""


@dataclass(frozen=True, kw_only=True)
class DiibaaPart(TaskRecipe):
    """The training of one network; what the file's top says counts for every part that does not say otherwise."""

    task: str = TASK
    sex: str | None = None
    """Train on one sex alone, F or M, as published; None trains on both."""
    stages: StageBounds = field(default_factory=StageBounds)
    """[least, greatest] years of S1, S2 and S3 by sex; gaps and overlaps are cut at their midpoints."""
    counts: Mapping[str, tuple[int, ...]] | None = None
    """Train on so many images of S1, S2 and S3 by sex; None takes all."""
    bfloat16: bool = True
    """bfloat16 autocast."""

    def __post_init__(self) -> None:
        if self.sex not in (None, *SEXES):
            raise ValueError(f"sex is F, M or null, not {self.sex}")
        if self.counts is not None and any(len(self.counts.get(sex, ())) != len(STAGES) for sex in SEXES):
            raise ValueError("counts are three numbers, of S1, S2 and S3, for F and for M")


@dataclass(frozen=True, kw_only=True)
class AutoencodersPart(DiibaaPart):
    """The three autoencoders."""

    architecture: str = "stage_autoencoders"
    others_share: float = OTHERS_SHARE
    """Images of other stages, for each of a stage's own."""
    snr_db: Range = SNR_DB
    """Of the noise in what is to be made of them."""
    repeats: int = 1
    """In an epoch images of a smaller stage come again, at most so often, until they are as many as the largest's."""


@dataclass(frozen=True, kw_only=True)
class ScoringPart(DiibaaPart):
    """The scoring network; its autoencoders are those of the same recipe."""

    architecture: str = "stage_cnn"
    stage_weights: float = field(default=0.0, metadata={ADDED: True})
    """An image weighs 1 / its stage's share of the images to this power: 0 all images alike, as published, 1 all stages
    alike, so that the scores of rare stages are no lower."""

    @property
    def network_parameters(self) -> dict[str, Any]:
        return {**self.parameters, "outputs": 1}


@dataclass(frozen=True, kw_only=True)
class ClassifierPart(DiibaaPart):
    """A classifier of stages: CNN_mixup, the baseline, or focal loss."""

    architecture: str = "stage_cnn"
    mixup: bool = False
    """Add mixtures until S1 and S3 are as many as S2."""
    focal_gamma: float = 0.0
    """Of the focal loss (Lin et al. 2017), which at 0 is cross-entropy."""

    @property
    def network_parameters(self) -> dict[str, Any]:
        return {**self.parameters, "outputs": len(STAGES)}


@dataclass(frozen=True, kw_only=True)
class RegressorsPart(DiibaaPart):
    """A regressor for each stage."""

    architecture: str = "stage_regressors"
    repeats: int = 1
    """As of the autoencoders."""


@dataclass(frozen=True, kw_only=True)
class UnstagedPart(DiibaaPart):
    """One regressor of all ages, the rival of the staged ones."""

    architecture: str = "stage_cnn"

    @property
    def network_parameters(self) -> dict[str, Any]:
        return {**self.parameters, "outputs": 1}


PARTS: Mapping[str, type[DiibaaPart]] = {
    "autoencoders": AutoencodersPart,
    "scoring": ScoringPart,
    "classifier": ClassifierPart,
    "regressors": RegressorsPart,
    "baseline": ClassifierPart,
    "focal": ClassifierPart,
    "unstaged": UnstagedPart,
}
"""In the order of their training; the first four are the system, the others what it is compared with."""
SYSTEM = tuple(PARTS)[:4]
_FIXED: Mapping[str, Mapping[str, Any]] = {"classifier": {"mixup": True}}
_OF_WHOLE = frozenset({"name", "task", "architecture", "input_size", "phantoms", "sex", "stages", "counts", "seed"})
"""Keys that no part has for itself."""


@dataclass(frozen=True, kw_only=True)
class DiibaaRecipe:
    """A part each, by its name in PARTS."""

    name: str
    autoencoders: AutoencodersPart
    scoring: ScoringPart
    classifier: ClassifierPart
    regressors: RegressorsPart
    baseline: ClassifierPart
    focal: ClassifierPart
    unstaged: UnstagedPart
    architecture: str = "diibaa"

    def part(self, name: str) -> DiibaaPart:
        """By its name in PARTS."""
        found: DiibaaPart = getattr(self, name)
        return found

    @property
    def whole(self) -> DiibaaPart:
        """A part that stands for what all of them share: sex, stages, counts, phantoms, input and seed."""
        return self.autoencoders

    @property
    def input_size(self) -> int:
        return self.whole.input_size

    @property
    def phantoms(self) -> PhantomSet | None:
        return self.whole.phantoms

    @property
    def network_parameters(self) -> dict[str, Any]:
        """Of `models.networks.diibaa`, as a card has them."""
        parts = {name: self.part(name).network_parameters for name in SYSTEM}
        return {**parts, "stages": self.whole.stages.document()}


def load_diibaa_recipe(path: Path) -> DiibaaRecipe:
    """Read a recipe. Raises ValueError that names the file and the key."""
    try:
        return _recipe(read_document(path))
    except KeyError as error:
        raise ValueError(f"{path}: the key {error} is missing") from None
    except (AttributeError, TypeError, ValueError) as error:
        raise ValueError(f"{path}: {error}") from None


def _recipe(values: dict[str, Any]) -> DiibaaRecipe:
    if values.get("task") != TASK:
        raise ValueError(f"task is {TASK} in such a recipe, not {values.get('task')}")
    own = {name: values.pop(name) for name in PARTS}
    shared = _read(values, "the recipe", {entry.name for entry in fields(DiibaaPart)} - {"architecture"})
    return DiibaaRecipe(name=values["name"], **{name: _part(name, shared, own[name]) for name in PARTS})


def _part(name: str, shared: Mapping[str, Any], own: Mapping[str, Any]) -> Any:
    allowed = {entry.name for entry in fields(PARTS[name])} - _OF_WHOLE - _FIXED.get(name, {}).keys()
    values = {**shared, **_FIXED.get(name, {}), **_read(own, name, allowed)}
    return to_settings(PARTS[name], {**values, "name": f"{shared['name']}.{name}"})


def _read(values: Mapping[str, Any], where: str, allowed: set[str]) -> dict[str, Any]:
    """The keys of one place in the file as their types. Raises ValueError that names an unknown key."""
    unknown = sorted(set(values) - allowed)
    if unknown:
        raise ValueError(f"unknown key '{unknown[0]}' of {where}; allowed: {', '.join(sorted(allowed))}")
    read = dict(values)
    if "augmentation" in read:
        read["augmentation"] = to_settings(Augmentation, read["augmentation"])
    if read.get("phantoms") is not None:
        read["phantoms"] = to_settings(PhantomSet, read["phantoms"])
    if "stages" in read:
        read["stages"] = to_bounds(read["stages"])
    if read.get("counts") is not None:
        read["counts"] = {sex: tuple(map(int, each)) for sex, each in read["counts"].items()}
    if "snr_db" in read:
        read["snr_db"] = tuple(map(float, read["snr_db"]))
    return read
