"""A set of labelled frames made poor: what a reader without any improvement is trained on (BoNet+ 3.3.3)."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np

from models.data.folder import FolderSource
from models.data.frames import Radiographs
from models.data.labels import Label
from models.data.phantoms import phantoms_of
from models.degradation.mixture import Mixture, poor_images
from models.phantom.damage import Pixels
from models.preprocess import standard_frame


def made_poor(radiographs: Radiographs, mixture: Mixture, data: Path | None) -> Radiographs:
    """The same images with the damage that each has in the mixture; it is done before anything is made standard.

    data: the folder they came from; None draws phantoms again. Raises ValueError for a set that is no data folder.
    """
    rows = {label.id: n for n, label in enumerate(radiographs.labels)}
    frames = np.empty(radiographs.frames.shape, np.uint8)
    for image in poor_images(_as_they_came(radiographs.labels, data), mixture):
        frames[rows[image.label.id]] = standard_frame(image.poor)
    return replace(radiographs, frames=frames)


def _as_they_came(labels: tuple[Label, ...], data: Path | None) -> Iterator[tuple[Label, Pixels]]:
    by_id = {label.id: label for label in labels}
    if data is None:
        split = labels[0].split
        drawn = phantoms_of(split, 1 + max(by_id) // 2)
        yield from ((label, phantom.pixels) for label, phantom in drawn if label.id in by_id)
        return
    if not data.is_dir():
        raise ValueError(f"{data}: images are made poor as they came: give the data folder")
    yield from ((by_id[image_id], pixels) for image_id, pixels in FolderSource(data).pixels(labels))
