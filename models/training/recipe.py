"""A recipe: everything that decides a training, in one YAML file with an optional `base` that it changes.

A file whose text begins with { is JSON, as machines read it that have no YAML.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from models.attention.channel import DEFAULT, Channels, to_channels
from models.data.augment import Augmentation
from models.data.labels import TRAINING_FOLDS
from models.degradation.mixture import Choice, Mixture
from models.training.losses import LossSettings

ADDED = "added"
"""Marks, in a field's metadata, a key that recipes of before did not have: `models.training.checkpoint`."""


@dataclass(frozen=True)
class Phase:
    """Epochs at one input size."""

    epochs: int
    size: int
    """Side of the input in pixels."""


@dataclass(frozen=True)
class PhantomSet:
    """How many phantoms are drawn for each split, instead of radiographs."""

    train: int = 2000
    select: int = 200
    calibrate: int = 400
    test: int = 400


@dataclass(frozen=True)
class Recipe:
    """name, architecture, data and schedule; the input size of the last phase is the reader's."""

    name: str
    architecture: str
    phases: tuple[Phase, ...]
    parameters: Mapping[str, Any] = field(default_factory=dict)
    """Of the architecture."""
    channels: Channels = DEFAULT
    """What the network is given of each radiograph."""
    hand_boxes: str | None = field(default=None, metadata={ADDED: True})
    """Name of the weights of the detector that crops each radiograph to the hand; None takes the whole frame."""
    loss: LossSettings = field(default_factory=LossSettings)
    phantoms: PhantomSet | None = None
    """Train on phantoms; None trains on the radiographs of --data."""
    augmentation: Augmentation = field(default_factory=Augmentation)
    batch_size: int = 32
    learning_rate: float = 2e-3
    """The highest; it rises over the first warmup_share and falls to zero by a half cosine."""
    warmup_share: float = 0.05
    beta2: float = field(default=0.999, metadata={ADDED: True})
    """Of Adam: how slowly the mean of squared gradients forgets."""
    weight_decay: float = 0.05
    clip_norm: float = 1.0
    ema_decay: float = 0.998
    """Of the exponential moving average of the weights, which is what ships."""
    bfloat16: bool = True
    """bfloat16 autocast."""
    seed: int = 0
    start_from: str | None = field(default=None, metadata={ADDED: True})
    """Begin with the weights of a packaged model, by name, or of a run, by its folder; None begins with fresh ones."""
    folds: tuple[int, ...] | None = field(default=None, metadata={ADDED: True})
    """Train on these of folds 0 to 7 alone."""
    images: int | None = field(default=None, metadata={ADDED: True})
    """Train on so many of the training images, the first of an order that follows from the seed."""
    steps: int | None = field(default=None, metadata={ADDED: True})
    """Steps of an epoch, whatever the number of images; None goes through the images once."""
    damages: tuple[Choice, ...] | None = field(default=None, metadata={ADDED: True})
    """Train and select on poor images, BoNet+'s NQ: kinds of damage that an image has together, each choice as likely,
    [] is none; None takes all images as they are."""
    patience: int | None = field(default=None, metadata={ADDED: True})
    """Stop after so many epochs at the reader's own size without a better error on the select split; None never."""

    def __post_init__(self) -> None:
        if self.damages is not None:
            object.__setattr__(self, "damages", Mixture(self.damages).choices)
        if self.folds is not None:
            object.__setattr__(self, "folds", training_folds(self.folds))
        for key in ("images", "steps", "patience"):
            value = getattr(self, key)
            if value is not None and (not isinstance(value, int) or value < 1):
                raise ValueError(f"{key} is a whole number of at least 1, not {value}")

    @property
    def network_parameters(self) -> dict[str, Any]:
        """`parameters`, with the count of channels where it is not one."""
        count = len(self.channels)
        return {**self.parameters, **({"channels": count} if count != 1 else {})}

    @property
    def epochs(self) -> int:
        return sum(phase.epochs for phase in self.phases)

    @property
    def input_size(self) -> int:
        return self.phases[-1].size

    def size_at(self, epoch: int) -> int:
        """Input size of epoch 0, 1, ..."""
        for phase in self.phases:
            if epoch < phase.epochs:
                return phase.size
            epoch -= phase.epochs
        return self.input_size


def load_recipe(path: Path, changes: Mapping[str, Any] | None = None) -> Recipe:
    """Read a recipe, with some keys changed. Raises ValueError that names the file and the key."""
    document = read_document(path, changes)
    try:
        return _recipe(document)
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"{path}: {error}") from None


def read_document(path: Path, changes: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """A recipe's keys with those of its `base`, and its base's, filled in, and some changed: it needs no other file."""
    document = _parsed(path.read_text(encoding="utf-8"))
    if not isinstance(document, dict):
        raise ValueError(f"{path}: a recipe is a mapping")
    base = document.pop("base", None)
    whole = {**read_document(path.parent / base), **document} if base else document
    return {**whole, **(changes or {})}


def to_json(document: Mapping[str, Any]) -> str:
    """A recipe's keys as a text that `load_recipe` reads where there is no YAML."""
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def _parsed(text: str) -> Any:
    if text.lstrip().startswith("{"):
        return json.loads(text)
    import yaml  # a training machine may lack it

    return yaml.safe_load(text)


def _recipe(document: dict[str, Any]) -> Recipe:
    values = dict(document)
    values["phases"] = tuple(to_settings(Phase, phase) for phase in values["phases"])
    values["augmentation"] = to_settings(Augmentation, values.get("augmentation", {}))
    if values.get("phantoms") is not None:
        values["phantoms"] = to_settings(PhantomSet, values["phantoms"])
    if "channels" in values:
        values["channels"] = to_channels(values["channels"])
    loss = values.get("loss", {})
    values["loss"] = to_settings(LossSettings, {"kind": loss} if isinstance(loss, str) else loss)
    return to_settings(Recipe, values)


def training_folds(folds: object) -> tuple[int, ...]:
    """A recipe's key `folds`, each once and rising. Raises ValueError where it names others than those that train."""
    if not isinstance(folds, (list, tuple)) or not folds or any(fold not in TRAINING_FOLDS for fold in folds):
        raise ValueError(
            f"folds is a list of folds that train, {TRAINING_FOLDS[0]} to {TRAINING_FOLDS[-1]}, not {folds}"
        )
    return tuple(sorted(set(folds)))


def to_settings(kind: Any, values: Mapping[str, Any]) -> Any:
    """A frozen dataclass of this kind from a file's keys. Raises ValueError that names an unknown key."""
    known = {entry.name for entry in fields(kind)}
    unknown = sorted(set(values) - known)
    if unknown:
        raise ValueError(f"unknown key '{unknown[0]}' of {kind.__name__}; allowed: {', '.join(sorted(known))}")
    return kind(**values)
