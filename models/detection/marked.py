"""Radiographs on which things to find are marked."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from models.data.annotations import WRONG_SIDE, Annotation, BoneBox, annotations_of
from models.data.labels import Split
from models.data.radiographs import Radiographs, load_radiographs
from models.detection.outlines import Outline, box_outline, hand_outline, stack_outlines
from models.evaluation.detection import Boxes


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
    everything = load_radiographs(data, cache)
    annotations = annotations_of(data, everything.labels)
    marked = {each.id: _outlines(annotations.get(each.id, Annotation()), marks) for each in everything.labels}
    if not any(marked.values()):
        file = "hand_keypoints.csv" if marks is Marks.HAND else "roi_boxes.csv"
        raise ValueError(f"{data}: no radiograph has marked {marks.value}; see rsna299/{file}")
    return [_taken(everything, marked, split, limit) for split in splits]


def _outlines(annotation: Annotation, marks: Marks) -> list[tuple[Outline, int]]:
    """Outline and label of each thing that is marked."""
    if marks is not Marks.HAND:
        kept = (box for box in annotation.bones if _counts(box, marks))
        return [(box_outline(box.box), marks.classes.index(box.kind)) for box in kept]
    if annotation.key_points is None:
        return []
    return [(hand_outline(annotation.key_points), marks.classes.index("hand"))]


def _counts(bone: BoneBox, marks: Marks) -> bool:
    """A hand of which one box is wrong is left out whole: the bone would be taught as background where it is."""
    if marks is Marks.BONES:
        return bone.source == "set881" and bone.id not in WRONG_SIDE
    return bone.source == "set329" and bone.annotator != _SECOND_READER


def _taken(
    everything: Radiographs, marked: dict[int, list[tuple[Outline, int]]], split: Split, limit: int | None
) -> MarkedRadiographs:
    wanted = [n for n, each in enumerate(everything.labels) if each.split is split and marked[each.id]][:limit]
    labels = tuple(everything.labels[n] for n in wanted)
    return MarkedRadiographs(
        Radiographs(labels, np.asarray(everything.frames[wanted])),
        tuple(stack_outlines([outline for outline, _ in marked[each.id]]) for each in labels),
        tuple(np.array([label for _, label in marked[each.id]], np.int64) for each in labels),
    )
