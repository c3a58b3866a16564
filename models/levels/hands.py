"""Hands with known levels as networks learn from them: thirteen crops each, cut once and kept."""

import hashlib
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from models.data.frames import default_cache
from models.data.labels import Label, Split
from models.data.radiographs import SITE_SUFFIXES
from models.data.site import Site, read_site
from models.data.site_labels import SiteLabel
from models.data.site_levels import Box, read_site_levels
from models.data.survey import trainable
from models.detection.hand_shape import HandBone
from models.durable import replacing
from models.levels.crops import MARGIN
from models.levels.scale import BONES
from models.levels.site_bones import BoneCutter
from models.registry import load

BONE_DETECTOR = "bone_detector"
"""Finds the bones of sites that mark none."""
LAYOUT = "docs/operations/own-data.md has the layout of its tables"


@dataclass(frozen=True)
class GradedHands:
    """labels; crops (N, 13, S, S) uint8 and levels (N, 13) int64 in the same order."""

    labels: tuple[Label, ...]
    crops: NDArray[np.uint8]
    levels: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.labels)

    def take(self, split: Split, limit: int | None = None) -> "GradedHands":
        """Those of a split; a limit takes the first so many. Raises ValueError where there are none."""
        return self._at([n for n, label in enumerate(self.labels) if label.split is split][:limit], f"to {split}")

    def of_fold(self, fold: int) -> "GradedHands":
        """Raises ValueError where there are none."""
        return self._at([n for n, label in enumerate(self.labels) if label.fold == fold], f"in fold {fold}")

    def _at(self, places: Sequence[int], which: str) -> "GradedHands":
        if not places:
            raise ValueError(f"no graded hands {which}; add levels of such images")
        labels = tuple(self.labels[n] for n in places)
        return GradedHands(labels, self.crops[list(places)], self.levels[list(places)])


def load_graded(data: Path | None, size: int, cache: Path | None = None) -> GradedHands:
    """All graded images of a site's set whose bones are known; size: side of a network's input.

    The crops are kept in `cache` (default: the user's cache folder). An image in which the detector does not find all
    thirteen bones is left out, and how often that is so is printed. Raises ValueError that says what is wrong with the
    set, and where it has no levels.
    """
    site = _site(data)
    assert site.levels is not None  # held by _site
    surveyed = trainable(site)
    known, _ = read_site_levels(site, surveyed.rows)
    graded = [label for label in surveyed.labels if label.image in known.levels]
    detector = None if site.levels.boxes else load(BONE_DETECTOR)
    cutter = BoneCutter(site, surveyed.places, known.boxes, detector, round(size * MARGIN))
    file = (cache or default_cache()) / f"site-{site.name}-bones-{_fingerprint(cutter, graded)}.npz"
    if not file.exists():
        _write(file, cutter, graded)
    with np.load(file) as kept:
        crops, ids = kept["crops"], set(kept["ids"].tolist())
    complete = tuple(label for label in graded if label.id in ids)
    if len(complete) < len(graded):
        print(f"{len(graded) - len(complete)} of {len(graded)} hands are left out: not all bones found", flush=True)
    levels = np.array([known.levels[label.image] for label in complete], np.int64).reshape(-1, len(BONES))
    return GradedHands(complete, crops, levels)


def _site(data: Path | None) -> Site:
    if data is None or data.suffix.lower() not in SITE_SUFFIXES:
        raise ValueError(f"levels are a site's own: give --data the YAML file of a set with the key levels; {LAYOUT}")
    site = read_site(data)
    if site.levels is None:
        raise ValueError(f"{site.path}: levels: is missing; {LAYOUT}")
    return site


def _fingerprint(cutter: BoneCutter, graded: Sequence[SiteLabel]) -> str:
    """Changes with any image, box, the crop's side and the detector; not with the levels."""
    stamps = [f"{each.id} {cutter.places[each.id].stamp()} {_shown(cutter.boxes.get(each.image))}" for each in graded]
    origin = [str(cutter.side), str(MARGIN), cutter.detector.sha256 if cutter.detector else "boxes"]
    return hashlib.sha256("\n".join([*stamps, *origin]).encode()).hexdigest()[:16]


def _shown(boxes: Mapping[HandBone, Box] | None) -> str:
    return "" if boxes is None else repr([boxes[bone] for bone in BONES])


def _write(file: Path, cutter: BoneCutter, graded: Sequence[SiteLabel]) -> None:
    """Cut all; a detector looks at one image after the other, and has torch's threads."""
    with ThreadPoolExecutor(1 if cutter.detector else None) as pool:
        cut = list(pool.map(cutter, graded))
    found = [(label.id, crops) for label, crops in zip(graded, cut, strict=True) if crops is not None]
    if not found:
        raise ValueError(f"{cutter.site.path}: no graded image whose thirteen bones are known; give levels.boxes")
    with replacing(file) as part, part.open("wb") as stream:
        np.savez(stream, crops=np.stack([crops for _, crops in found]), ids=np.array([each for each, _ in found]))
