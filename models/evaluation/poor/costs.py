"""What each arrangement costs an image, as a ratio to reading it alone."""

import time
from collections.abc import Callable, Sequence

import numpy as np

from models.data.frames import Radiographs
from models.data.labels import Label
from models.evaluation.paper.origin import NOT_TRAINED, table
from models.evaluation.poor.arrangements import Improvers, classes_of, directly
from models.evaluation.readings import read_with
from models.phantom.damage import Pixels
from models.preprocess import standard_frame
from models.registry import LoadedModel

MOST = 24
"""Images that are timed."""


def costs_table(readers: dict[str, LoadedModel], improvers: Improvers, images: Sequence[tuple[Label, Pixels]]) -> str:
    """A row a reader: processor time of one image in each arrangement, over that of its frame and its reading."""
    if improvers.direct is None:
        return NOT_TRAINED
    direct = improvers.direct
    chosen = images[:MOST]
    labels, pixels = tuple(label for label, _ in chosen), [each for _, each in chosen]
    classifying = _seconds(lambda: classes_of(improvers.classifier, pixels))
    improving = _seconds(lambda: directly(direct, pixels))
    rows = []
    for name, reader in readers.items():
        reading = _seconds(lambda reader=reader: _read(reader, labels, pixels))  # type: ignore[misc]
        poor = (reading + classifying + improving + reading) / reading
        told = [1.0, (reading + classifying) / reading, (reading + improving) / reading, poor]
        rows.append([name, *(f"{each:.2f}" for each in told)])
    head = ["reader", "alone", "node, good image", "CQ or DQ, poor image", "node, poor image, both readings"]
    return table(head, rows)


def _read(reader: LoadedModel, labels: tuple[Label, ...], pixels: Sequence[Pixels]) -> None:
    frames = np.stack([standard_frame(each) for each in pixels])
    read_with(reader, Radiographs(labels, frames), flip=True)


def _seconds(work: Callable[[], object]) -> float:
    """Of the process, the better of two."""
    taken = []
    for _ in range(2):
        started = time.process_time()
        work()
        taken.append(time.process_time() - started)
    return min(taken)
