"""What runs say of the classes of one fold's images, kept beside each run."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from models.data.labels import Label
from models.data.radiographs import decode_radiographs
from models.evaluation.metrics import Array, truth_months
from models.evaluation.paper.kept import kept_values
from models.evaluation.paper.training import is_trained, weights_sha256
from models.evaluation.run_subject import load_run, read_facts
from models.interval_net.chain import Chain
from models.interval_net.classed import ClassedFrames
from models.interval_net.classifying import classify_ages
from models.interval_net.scale import AgeScale
from models.training.curves import Row, read_log
from models.training.interval_net_recipe import load_interval_recipe

Labels = tuple[Label, ...]
Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class Told:
    """What a run says of N images, flips averaged.

    classes, truth: (N,) the likeliest class and the label's; months, labelled: (N,) the expected age and the label's.
    rows: its log. parameters: of the network.
    """

    sha256: str
    scale: AgeScale
    classes: NDArray[np.int64]
    truth: NDArray[np.int64]
    months: Array
    labelled: Array
    rows: tuple[Row, ...]
    parameters: int

    @property
    def right(self) -> Flags:
        """(N,) whether the likeliest class is the label's."""
        return np.asarray(self.classes == self.truth)

    @property
    def errors(self) -> Array:
        """(N,) months, absolute."""
        return np.abs(self.months - self.labelled)

    @property
    def best(self) -> Row:
        """Of the epoch whose weights were kept."""
        return min((row for row in self.rows if "select_loss" in row), key=lambda row: float(row["select_loss"]))


class IntervalMeasurements:
    """Reads runs below `runs` on the same images; what a run said once is not asked again.

    fold: names the files that are kept.
    """

    def __init__(self, runs: Path, data: Path, labels: Labels, fold: int) -> None:
        self.runs, self.data, self.labels, self.fold = runs, data, labels, fold
        self._frames = cache(self._behind)
        self.of = cache(self._of)

    def _of(self, run: str) -> Told | None:
        """None where the run was not trained. Raises ValueError where its folder is damaged."""
        folder = self.runs / run
        if not is_trained(folder):
            return None
        recipe, sha256 = load_interval_recipe(folder / "recipe.yaml"), weights_sha256(folder)
        scale = recipe.known_scale

        def compute(labels: Labels) -> list[Array]:
            chosen = self._of_labels(recipe.chain, labels)
            network = load_run(folder).network
            found = classify_ages(network, chosen.frames, chosen.male, recipe.input_size, flip=True)
            return [found.argmax(1).astype(np.float64), scale.expected(found)]

        path = folder / f"classes-fold{self.fold}.csv"
        classes, months = kept_values(path, sha256, self.labels, ["read_class", "read_months"], compute)
        labelled = truth_months(self.labels)
        return Told(
            sha256, scale, classes.astype(np.int64), scale.classes_of(labelled), months, labelled,
            tuple(read_log(folder)), int(read_facts(folder)["network_parameters"]),
        )  # fmt: skip

    def _of_labels(self, chain: Chain, labels: Labels) -> ClassedFrames:
        wanted = {label.id for label in labels}
        everything = self._frames(chain)
        places = [n for n, label in enumerate(self.labels) if label.id in wanted]
        return ClassedFrames(tuple(self.labels[n] for n in places), everything[places])

    def _behind(self, chain: Chain) -> NDArray[np.uint8]:
        return decode_radiographs(self.data, self.labels, chain).frames
