"""BoNet+'s arrangements, and the node's: what is done to an image before it is read."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from models.degradation.kinds import LEARNT, Kind
from models.phantom.damage import Pixels
from models.preprocess import standard_frame
from models.quality.classifying import class_of, classify
from models.quality.improving import improve
from models.registry import LoadedModel

GOOD = 0
"""The place of good images among the classes."""


class Arrangement(StrEnum):
    """Rows of the tables, in their order."""

    PLAIN = "as they are"
    CQ = "CQ"
    """The classifier, then the network of its class (BoNet+ 3.3.1)."""
    DQ = "DQ"
    """Every image through one network (BoNet+ 3.3.2)."""
    NODE = "node"
    """As CQ or DQ, for images that the classifier calls poor, where the improved reading is in front."""
    NQ = "NQ"
    """A reader of its own, trained on good and poor images (BoNet+ 3.3.3)."""


@dataclass(frozen=True)
class Improvers:
    """Loaded networks. direct, of_kind: None, or without some, where they were not trained; then no DQ, no CQ."""

    classifier: LoadedModel
    direct: LoadedModel | None
    of_kind: Mapping[Kind, LoadedModel]

    @property
    def whole(self) -> bool:
        """Whether every kind has a network of its own."""
        return set(LEARNT) <= set(self.of_kind)


def classes_of(classifier: LoadedModel, images: Sequence[Pixels]) -> NDArray[np.int64]:
    """(N,) places in CLASSES, by the card's threshold, or 0.5 of a run that has none yet."""
    frames = np.stack([standard_frame(pixels) for pixels in images])
    found = classify(classifier.network, frames, classifier.card.input_size)
    threshold = classifier.card.threshold or 0.5
    return np.array([class_of(each, threshold) for each in found], np.int64)


def directly(network: LoadedModel, images: Sequence[Pixels]) -> list[Pixels]:
    """DQ: all of them improved by the one network."""
    return [_improved(network, pixels) for pixels in images]


def by_class(improvers: Improvers, images: Sequence[Pixels], classes: NDArray[np.int64]) -> list[Pixels]:
    """CQ: each improved by the network of its class; good ones as they are."""
    return [
        pixels if place == GOOD else _improved(improvers.of_kind[LEARNT[place - 1]], pixels)
        for pixels, place in zip(images, classes, strict=True)
    ]


def in_front(classes: NDArray[np.int64], kinds: Sequence[Kind]) -> NDArray[np.bool_]:
    """(N,) whether the node puts the improved image's reading in front."""
    return np.array([place != GOOD and LEARNT[place - 1] in kinds for place in classes], np.bool_)


def _improved(model: LoadedModel, pixels: Pixels) -> Pixels:
    return improve(model.network, pixels, model.card.input_size)
