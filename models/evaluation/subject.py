"""What is measured: anything that reads months from radiographs, with the name and hash that its tables print."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

from models.card import Interval
from models.data.radiographs import Radiographs
from models.evaluation.metrics import Array
from models.evaluation.readings import read_with
from models.evaluation.run_subject import is_run, load_run
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
    """Weights by name, checked by hash, or the folder of a run. Raises ValueError as `models.registry.load` does."""
    if is_run(name):
        return replace(subject_of(load_run(Path(name), directory=directory, device=device), device), interval=None)
    return subject_of(load(name, directory=directory, device=device), device)


def require_own_names(subjects: Sequence[Subject]) -> None:
    """Raises ValueError where two are called alike: their files and rows could not be told apart."""
    names = [subject.name for subject in subjects]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ValueError(f"two of the models are named '{twice[0]}'; measure them one at a time")
