"""What runs make of the images of one fold: readings, maps and the hiding check, kept beside each run."""

from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

import numpy as np

from models.data.radiographs import Radiographs, decode_radiographs
from models.evaluation.activation import HidingChanges, Map, hiding_changes, read_maps
from models.evaluation.metrics import Array, truth_months
from models.evaluation.paper.kept import Labels, kept_maps, kept_values
from models.evaluation.paper.training import Training, is_trained, read_training, weights_sha256
from models.evaluation.readings import cropped, read_with
from models.evaluation.run_subject import load_run
from models.registry import LoadedModel


@dataclass(frozen=True)
class Measured:
    """A run and its readings. sha256: of its best weights; months: (N,), flips averaged; errors: absolute ones."""

    folder: Path
    sha256: str
    months: Array
    errors: Array
    training: Training


class Images:
    """The radiographs of some labels, decoded when first asked for."""

    def __init__(self, data: Path, labels: Labels) -> None:
        self.data, self.labels = data, labels

    @cached_property
    def _all(self) -> Radiographs:
        return decode_radiographs(self.data, self.labels)

    def of(self, labels: Labels) -> Radiographs:
        """Those of some of the labels, in their order."""
        places = {label.id: n for n, label in enumerate(self.labels)}
        return self._all.at([places[label.id] for label in labels])


class Measurements:
    """Reads runs below `runs` on the same images; what a run read once is not read again.

    fold: names the files that are kept. directory: of the weights of detectors.
    """

    def __init__(self, runs: Path, images: Images, fold: int, *, directory: Path | None, device: str) -> None:
        self.runs, self.images, self.fold = runs, images, fold
        self.directory, self.device = directory, device
        self._model = cache(self._load)

    def has(self, run: str) -> bool:
        """Whether the run was trained."""
        return is_trained(self.runs / run)

    def read(self, run: str) -> Measured:
        """Raises ValueError where the folder of the run is damaged."""
        folder, sha256 = self.runs / run, self._sha256(run)
        path = folder / f"readings-fold{self.fold}.csv"

        def compute(labels: Labels) -> list[Array]:
            return [read_with(self._model(run), self.images.of(labels), device=self.device)]

        (months,) = kept_values(path, sha256, self.images.labels, ["read_months"], compute)
        errors = np.abs(months - truth_months(self.images.labels))
        return Measured(folder, sha256, months, errors, read_training(folder))

    def hiding(self, run: str) -> HidingChanges:
        """How far the reading moves when the strongest place, or another, is hidden."""
        path = self.runs / run / f"hiding-fold{self.fold}.csv"

        def compute(labels: Labels) -> list[Array]:
            model, card = self._model(run), self._model(run).card
            seen = cropped(self.images.of(labels), model, self.device)
            changes = hiding_changes(model.network, seen, card.input_size, device=self.device, channels=card.channels)
            return [changes.strongest, changes.other]

        columns = ["strongest_months", "other_months"]
        return HidingChanges(*kept_values(path, self._sha256(run), self.images.labels, columns, compute))

    def maps(self, run: str) -> Map:
        """(N, h, w) activation in months over the frames."""

        def compute() -> Map:
            model, card = self._model(run), self._model(run).card
            seen = cropped(self.images.of(self.images.labels), model, self.device)
            return read_maps(model.network, seen, card.input_size, device=self.device, channels=card.channels)[1]

        path = self.runs / run / f"maps-fold{self.fold}.npz"
        return kept_maps(path, self._sha256(run), self.images.labels, compute)

    def _sha256(self, run: str) -> str:
        return weights_sha256(self.runs / run)

    def _load(self, run: str) -> LoadedModel:
        return load_run(self.runs / run, directory=self.directory, device=self.device)
