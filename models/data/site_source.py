"""Labels and frames of a site's own set."""

import hashlib
from collections import defaultdict
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from models.data.findings import Finding, fail, failures, warn
from models.data.images import ImageUnreadable, decode_image
from models.data.labels import Label
from models.data.site import Site
from models.data.site_images import ImagePlace
from models.data.site_labels import SiteLabel
from models.data.survey import Survey, lines_of, place_of, trainable
from models.preprocess import FRAME_PX, standard_frame

_LEAST_SIDE_PX = 64


class SiteSource:
    """The set that a site's YAML file describes, surveyed once. Raises ValueError where it cannot be trained on."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.name = f"site-{site.name}"

    @cached_property
    def _survey(self) -> Survey:
        return trainable(self.site)

    def labels(self) -> tuple[Label, ...]:
        return self._survey.labels

    def fingerprint(self, labels: Sequence[Label]) -> str:
        """Changes with any image file, the rows and the preprocessing."""
        parts = [f"{label.id} {self._survey.places[label.id].stamp()}" for label in labels]
        code = [str(FRAME_PX), standard_frame.__module__, "2"]
        return hashlib.sha256("\n".join(parts + code).encode()).hexdigest()[:16]

    def decode(self, labels: Sequence[Label], frames: NDArray[np.uint8]) -> None:
        """Fill frames (N, 299, 299) with the images of the labels. Raises ValueError that names an unreadable one."""
        with ThreadPoolExecutor() as pool:
            for row, frame in enumerate(pool.map(self._frame, labels)):
                frames[row] = frame

    def verify(self, labels: Sequence[Label], frames: NDArray[np.uint8]) -> None:
        """Raises ValueError where one image is used both for training and for measuring."""
        own = [label for label in labels if isinstance(label, SiteLabel)]
        hashes = [frame_hash(frame) for frame in frames]
        leaks = failures(copies(self.site, list(zip(own, hashes, strict=True))))
        if leaks:
            raise ValueError("\n".join(leak.line() for leak in leaks[:3]))

    def _frame(self, label: Label) -> NDArray[np.uint8]:
        try:
            return readable_frame(self._survey.places[label.id])
        except ImageUnreadable as error:
            raise ValueError(f"{self.site.labels.path}:{label.id} ({self._survey.places[label.id]}): {error}") from None


def readable_frame(place: ImagePlace) -> NDArray[np.uint8]:
    """The standard frame of an image, (299, 299). Raises ImageUnreadable; an image that shows nothing counts so."""
    pixels = decode_image(place.read())
    if min(pixels.shape) < _LEAST_SIDE_PX:
        raise ImageUnreadable(f"only {pixels.shape[1]}x{pixels.shape[0]} pixels; {_LEAST_SIDE_PX} a side are the least")
    if pixels.min() == pixels.max():
        raise ImageUnreadable("shows nothing: every pixel is the same")
    return standard_frame(pixels)


def frame_hash(frame: NDArray[np.uint8]) -> str:
    """Of what a network would see of an image."""
    return hashlib.sha256(frame.tobytes()).hexdigest()


def copies(site: Site, hashes: Sequence[tuple[SiteLabel, str]]) -> Iterator[Finding]:
    """Images with the same pixels under different names: a failure where they are used for different things."""
    same: dict[str, list[SiteLabel]] = defaultdict(list)
    for label, code in hashes:
        same[code].append(label)
    for labels in same.values():
        if len(labels) == 1:
            continue
        splits = sorted({label.split for label in labels})
        where = f"the same pixels in {lines_of(labels)}"
        if len(splits) > 1:
            wrong = f"{where}, used to {' and to '.join(splits)}"
            yield fail(
                "copy-crosses-folds", place_of(site, labels[0]), wrong, "keep one row, or give all one patient id"
            )
        else:
            yield warn("copy", place_of(site, labels[0]), where, "keep one row, with the right age")
