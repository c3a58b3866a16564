"""Radiographs on which things to find are marked."""

from collections.abc import Callable, Container, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from models.data.annotations import SWAPPED, WRONG_SIDE, Annotation, BoneBox, annotations_of
from models.data.labels import Label, Split
from models.data.radiographs import Radiographs, load_radiographs
from models.detection.boxes import Boxes
from models.detection.outlines import Outline, box_outline, hand_outline, stack_outlines


class Marks(StrEnum):
    """What a detector learns to find."""

    HAND = "hand"
    BONES = "bones"
    """Of set881: of each ray one box a bone, at the end that matures; which finger it is follows from the order."""
    JOINTS = "joints"
    """Of set329: joints, each with the ends of the bones that meet there."""

    @property
    def classes(self) -> tuple[str, ...]:
        """Names of the classes, in the order of their labels 0, 1, ..."""
        return _CLASSES[self]


_CLASSES: Mapping[Marks, tuple[str, ...]] = {
    Marks.HAND: ("hand",),
    Marks.BONES: ("Radius", "Ulna", "MCPFirst", "MCP", "ProximalPhalanx", "MiddlePhalanx", "DistalPhalanx"),
    Marks.JOINTS: ("Radius", "Ulna", "Wrist", "MCP", "PIP", "DIP"),
}
_SECOND_READER = "eval/nonexpert"
"""Marked again what an expert has marked: the expert counts."""


@dataclass(frozen=True)
class MarkedRadiographs:
    """Radiographs with outlines (K, P, 2) and labels (K,) of what is marked on each, in the same order."""

    radiographs: Radiographs
    outlines: tuple[Outline, ...]
    labels: tuple[NDArray[np.int64], ...]

    def __len__(self) -> int:
        return len(self.radiographs)

    def where(self, wanted: Callable[[Label], bool], limit: int | None = None) -> "MarkedRadiographs":
        """The first so many whose label is wanted."""
        chosen = [n for n, label in enumerate(self.radiographs.labels) if wanted(label)][:limit]
        outlines, labels = tuple(self.outlines[n] for n in chosen), tuple(self.labels[n] for n in chosen)
        return MarkedRadiographs(self.radiographs.at(chosen), outlines, labels)

    def of_folds(self, folds: Container[int]) -> "MarkedRadiographs":
        """Those of some folds."""
        return self.where(lambda label: label.fold in folds)

    def of_split(self, split: Split, limit: int | None = None) -> "MarkedRadiographs":
        """The first so many of a split."""
        return self.where(lambda label: label.split is split, limit)

    def truth(self) -> list[Boxes]:
        """The marked boxes of each image, as fractions of the frame."""
        return [
            Boxes(
                np.concatenate([outlines.min(1), outlines.max(1)], 1).clip(0, 1).astype(np.float64),
                labels,
                np.ones(len(labels)),
            )
            for outlines, labels in zip(self.outlines, self.labels, strict=True)
        ]


def load_marked(
    data: Path, marks: Marks, splits: Sequence[Split], *, limit: int | None = None, cache: Path | None = None
) -> list[MarkedRadiographs]:
    """Of each split those of a data folder that have such marks. Raises ValueError where there are none at all."""
    everything = load_all_marked(data, marks, cache)
    return [everything.of_split(split, limit) for split in splits]


def load_all_marked(data: Path, marks: Marks, cache: Path | None = None) -> MarkedRadiographs:
    """Those of every fold, as `load_marked`."""
    everything = load_radiographs(data, cache)
    annotations = annotations_of(data, everything.labels)
    marked = [_outlines(annotations.get(each.id, Annotation()), marks) for each in everything.labels]
    there = [n for n, found in enumerate(marked) if found]
    if not there:
        file = "hand_keypoints.csv" if marks is Marks.HAND else "roi_boxes.csv"
        raise ValueError(f"{data}: no radiograph has marks of the {marks.value}; see rsna299/{file}")
    return MarkedRadiographs(
        everything.at(there),
        tuple(stack_outlines([outline for outline, _ in marked[n]]) for n in there),
        tuple(np.array([label for _, label in marked[n]], np.int64) for n in there),
    )


def _outlines(annotation: Annotation, marks: Marks) -> list[tuple[Outline, int]]:
    """Outline and label of each thing that is marked."""
    if marks is not Marks.HAND:
        kept = (box for box in annotation.bones if _counts(box, marks))
        return [(box_outline(box.box), marks.classes.index(box.kind)) for box in kept]
    if annotation.key_points is None:
        return []
    return [(hand_outline(annotation.key_points), marks.classes.index("hand"))]


def _counts(bone: BoneBox, marks: Marks) -> bool:
    """A hand of which a mark is wrong is left out whole: the bone would be taught as background where it is."""
    if marks is Marks.BONES:
        return bone.source == "set881" and bone.id not in WRONG_SIDE | SWAPPED
    return bone.source == "set329" and bone.annotator != _SECOND_READER
