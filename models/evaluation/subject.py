"""What is measured: anything that reads months from radiographs, with the name and hash that its tables print."""

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from models.card import Interval
from models.data.radiographs import Radiographs
from models.evaluation.metrics import Array
from models.evaluation.readings import read_with
from models.registry import LoadedModel, load


class Read(Protocol):
    """(N,) months of N radiographs; flip: the mean of the image and its mirror image, where the reader can."""

    def __call__(self, radiographs: Radiographs, *, flip: bool = True) -> Array: ...


@dataclass(frozen=True)
class Subject:
    """name, version, sha256 of the weights; interval: None where the reader gives none.

    model: what a look into the network needs; None for what is not one network.
    """

    name: str
    version: str
    sha256: str
    interval: Interval | None
    read: Read
    model: LoadedModel | None = None


def subject_of(model: LoadedModel, device: str) -> Subject:
    """Loaded weights as a subject. Raises ValueError where they read no bone age."""

    interval = model.card.reading_interval()

    def read(radiographs: Radiographs, *, flip: bool = True) -> Array:
        return read_with(model, radiographs, flip=flip, device=device)

    return Subject(model.card.name, model.card.version, model.sha256, interval, read, model)


def load_subject(name: str, *, directory: Path | None, device: str) -> Subject:
    """Weights by name, checked by hash. Raises ValueError as `models.registry.load` does."""
    return subject_of(load(name, directory=directory, device=device), device)
