"""What readers read of damaged images, by arrangement, kept in a folder so that nothing is read twice."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from models.data.frames import Radiographs
from models.data.labels import Label
from models.degradation.kinds import DAMAGES, Kind
from models.evaluation.metrics import Array, truth_months
from models.evaluation.poor.arrangements import Arrangement, Improvers, by_class, classes_of, directly, in_front
from models.evaluation.poor.conditions import SEED, Condition, damaged
from models.evaluation.readings import read_with
from models.phantom.damage import Pixels
from models.preprocess import standard_frame
from models.registry import LoadedModel

Images = Sequence[tuple[Label, Pixels]]


@dataclass
class PoorMeasurements:
    """Of the same images throughout. improvers: None where they were not trained. kept: folder of what was read.

    kinds: whose improved reading the node puts in front. node: the arrangement by which it improves, CQ or DQ.
    """

    images: Images
    improvers: Improvers | None
    kept: Path
    kinds: tuple[Kind, ...]
    node: Arrangement = Arrangement.DQ
    _damaged: dict[str, list[Pixels]] = field(default_factory=dict, init=False)
    _treated: dict[tuple[str, Arrangement], list[Pixels]] = field(default_factory=dict, init=False)

    @property
    def labels(self) -> tuple[Label, ...]:
        return tuple(label for label, _ in self.images)

    def poor(self, condition: Condition) -> list[Pixels]:
        """The images with this damage."""
        if condition.name not in self._damaged:
            self._damaged = {condition.name: damaged(self.images, condition)}  # one condition at a time is held
            self._treated = {}
        return self._damaged[condition.name]

    def classes(self, condition: Condition) -> NDArray[np.int64] | None:
        """(N,) what the classifier says; None where none was trained."""
        if self.improvers is None:
            return None
        classifier = self.improvers.classifier
        key = (classifier.sha256, "classes", condition.name)
        return self._once(key, lambda: classes_of(classifier, self.poor(condition))).astype(np.int64)

    def treated(self, condition: Condition, arrangement: Arrangement) -> list[Pixels]:
        """The images as DQ or CQ hand them to a reader."""
        key = condition.name, arrangement
        self.poor(condition)
        if key not in self._treated:
            self._treated[key] = self._improved(condition, arrangement)
        return self._treated[key]

    def _improved(self, condition: Condition, arrangement: Arrangement) -> list[Pixels]:
        improvers, classes = self.improvers, self.classes(condition)
        assert improvers is not None, "asked for where there are networks"
        assert classes is not None, "asked for where there is a classifier"
        if arrangement is Arrangement.CQ:
            return by_class(improvers, self.poor(condition), classes)
        assert improvers.direct is not None, "asked for where there is one"
        return directly(improvers.direct, self.poor(condition))

    def months(self, reader: LoadedModel, condition: Condition, arrangement: Arrangement) -> Array | None:
        """(N,) readings without flips; None where a network that it needs was not trained."""
        if arrangement in (Arrangement.PLAIN, Arrangement.NQ):
            return self._read(reader, condition, "plain", lambda: self.poor(condition))
        if arrangement is Arrangement.NODE:
            return self._by_node(reader, condition)
        networks = self._networks(arrangement)
        if not networks:
            return None
        how = f"{arrangement} {' '.join(network.sha256 for network in networks)}"
        return self._read(reader, condition, how, lambda: self.treated(condition, arrangement))

    def _networks(self, arrangement: Arrangement) -> list[LoadedModel]:
        """Those that CQ or DQ needs; none where one of them was not trained."""
        if self.improvers is None:
            return []
        if arrangement is Arrangement.DQ:
            return [self.improvers.direct] if self.improvers.direct else []
        return [self.improvers.classifier, *self.improvers.of_kind.values()] if self.improvers.whole else []

    def errors(self, reader: LoadedModel, condition: Condition, arrangement: Arrangement) -> Array | None:
        """(N,) absolute errors in months, as `months`."""
        months = self.months(reader, condition, arrangement)
        return None if months is None else np.abs(months - truth_months(self.labels))

    def _by_node(self, reader: LoadedModel, condition: Condition) -> Array | None:
        plain, improved = (self.months(reader, condition, each) for each in (Arrangement.PLAIN, self.node))
        classes = self.classes(condition)
        if plain is None or improved is None or classes is None:
            return None
        return np.where(in_front(classes, self.kinds), improved, plain)

    def _read(self, reader: LoadedModel, condition: Condition, how: str, images: Callable[[], list[Pixels]]) -> Array:
        def read() -> Array:
            frames = np.stack([standard_frame(pixels) for pixels in images()])
            return read_with(reader, Radiographs(self.labels, frames), flip=False)

        return self._once((reader.sha256, how, condition.name), read)

    def _once(self, key: tuple[str, ...], compute: Callable[[], NDArray[np.float64] | NDArray[np.int64]]) -> Array:
        strengths = [f"{kind}={known.strength:g}" for kind, known in DAMAGES.items()]
        ids = ",".join(str(label.id) for label in self.labels)
        name = hashlib.sha256("\n".join([*key, *strengths, ids, str(SEED)]).encode()).hexdigest()[:24]
        path = self.kept / f"{name}.npy"
        if not path.is_file():
            self.kept.mkdir(parents=True, exist_ok=True)
            np.save(path, np.asarray(compute(), np.float64))
        return np.asarray(np.load(path))


def worsening(clean: Array, poor: Array) -> float:
    """How much larger the mean error is, in percent of the clean images'."""
    return 100 * (float(poor.mean()) / float(clean.mean()) - 1)


def loss_kept(clean: Array, plain: Array, improved: Array) -> float:
    """The share of what damage costs that is left after improvement: at most a half is BoNet+'s promise here."""
    return (float(improved.mean()) - float(clean.mean())) / (float(plain.mean()) - float(clean.mean()))


def confusion(found: Mapping[int, NDArray[np.int64]], count: int) -> NDArray[np.int64]:
    """(count, count): true classes in rows, told ones in columns. found: what was told of each class's images."""
    table = np.zeros((count, count), np.int64)
    for true, told in found.items():
        table[true] = np.bincount(told, minlength=count)
    return table
