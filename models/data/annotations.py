"""What was marked on the radiographs of a data folder: bone boxes, hand boxes, key points, hand masks.

All are optional: a file that is not there gives none. Places are fractions of the frame, x right, y down.
"""

import csv
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from models.data.images import read_image
from models.data.labels import Label

Row = TypeVar("Row")
_FINGERS = ("thumb", "forefinger", "middle_finger", "ring_finger", "pinky_finger")
KEY_POINTS = ("wrist", *(f"{finger}{joint}" for finger in _FINGERS for joint in range(1, 5)))
"""The 21 points of `hand_keypoints.csv`, of each finger from the palm to the tip."""
WRONG_SIDE = frozenset({1833})
"""Ids of set881 whose MCPFirst box lies on the wrong side of the hand."""
SWAPPED = frozenset({1764, 2249, 6917, 14839})
"""Training ids of set881 with two marks under each other's kind: Ulna and MCPFirst, in the last one MCPFirst and
ProximalPhalanx."""
_BLACK = 0.5 / 255
_REACH = 0.1
"""Boxes reach out of the frame by no more than this."""


@dataclass(frozen=True)
class Box:
    """Centre and size as fractions of the frame's width and height."""

    cx: float
    cy: float
    width: float
    height: float

    @property
    def corners(self) -> tuple[float, float, float, float]:
        """Left, top, right, bottom; may lie a little outside [0, 1]."""
        x, y = self.width / 2, self.height / 2
        return self.cx - x, self.cy - y, self.cx + x, self.cy + y

    def in_pixels(self, width: int, height: int) -> tuple[float, float, float, float]:
        """Left, top, right, bottom in a frame of this size, cut at its edges; (0, 0) is its corner."""
        left, top, right, bottom = (min(1.0, max(0.0, value)) for value in self.corners)
        return left * width, top * height, right * width, bottom * height


@dataclass(frozen=True)
class BoneBox:
    """source: the set it comes from (set881, set329). annotator: "train", "eval/expert", ... or "". kind: the bone's or
    joint's class."""

    id: int
    source: str
    annotator: str
    kind: str
    box: Box


@dataclass(frozen=True)
class KeyPoint:
    """A place in the frame; visibility: 0 not marked, 1 hidden, 2 seen (COCO key points)."""

    x: float
    y: float
    visibility: int


@dataclass(frozen=True)
class HandKeyPoints:
    """The box around the hand, and its points by the names of KEY_POINTS."""

    id: int
    hand: Box
    points: Mapping[str, KeyPoint]


@dataclass(frozen=True)
class Annotation:
    """All that is marked on one radiograph."""

    bones: tuple[BoneBox, ...] = ()
    key_points: HandKeyPoints | None = None


def annotations_of(data: Path, labels: Iterable[Label]) -> dict[int, Annotation]:
    """By id, for those of the labels that have any. Raises ValueError that names file and line of a bad row."""
    wanted = {label.id for label in labels}
    folder = data / "rsna299"
    bones: dict[int, list[BoneBox]] = defaultdict(list)
    for box in read_bone_boxes(folder / "roi_boxes.csv"):
        bones[box.id].append(box)
    points = {each.id: each for each in read_hand_key_points(folder / "hand_keypoints.csv")}
    ids = sorted(wanted & (bones.keys() | points.keys()))
    return {each: Annotation(tuple(bones.get(each, ())), points.get(each)) for each in ids}


def read_bone_boxes(path: Path) -> tuple[BoneBox, ...]:
    """Rows of `id,set,annotator,class,cx,cy,w,h`, in file order; boxes without an area are left out."""
    boxes = _read(path, _bone_box)
    return tuple(each for each in boxes if each.box.width > 0 and each.box.height > 0)


def read_hand_key_points(path: Path) -> tuple[HandKeyPoints, ...]:
    """Rows of `id,hand_x,hand_y,hand_w,hand_h` and x, y, v of each point; hand_x, hand_y is the box's top left."""
    rows = tuple(_read(path, _hand_key_points))
    if len({row.id for row in rows}) != len(rows):
        raise ValueError(f"{path}: an id stands in two rows")
    return rows


def read_hand_masks(data: Path) -> Iterator[tuple[int, NDArray[np.float32], NDArray[np.bool_]]]:
    """Id, pixels (H, W) float32 in [0, 1] and mask (H, W) of each `segmented/<id>.avif`, whose background is black.

    Not in the frames of rsna299. The smallest specks of the lossy file may be wrong.
    """
    for path in sorted((data / "segmented").glob("*.avif"), key=lambda path: int(path.stem)):
        pixels = read_image(path)
        yield int(path.stem), pixels, pixels > _BLACK


def _read(path: Path, build: Callable[[dict[str, str]], Row]) -> Iterator[Row]:
    if not path.exists():
        return
    with path.open(encoding="utf-8", newline="") as file:
        reader = csv.DictReader(file)
        for row in reader:
            try:
                yield build(row)
            except KeyError as error:
                raise ValueError(f"{path}:1: no column {error}") from None
            except (TypeError, ValueError) as error:
                raise ValueError(f"{path}:{reader.line_num}: {error}") from None


def _fraction(text: str) -> float:
    value = float(text)
    if not -_REACH <= value <= 1 + _REACH:
        raise ValueError(f"{text} is no fraction of the frame")
    return value


def _bone_box(row: dict[str, str]) -> BoneBox:
    box = Box(*(_fraction(row[key]) for key in ("cx", "cy", "w", "h")))
    return BoneBox(int(row["id"]), row["set"], row["annotator"], row["class"], box)


def _hand_key_points(row: dict[str, str]) -> HandKeyPoints:
    left, top, width, height = (_fraction(row[f"hand_{key}"]) for key in "xywh")
    hand = Box(left + width / 2, top + height / 2, width, height)
    points = {
        name: KeyPoint(_fraction(row[f"{name}_x"]), _fraction(row[f"{name}_y"]), int(row[f"{name}_v"]))
        for name in KEY_POINTS
    }
    return HandKeyPoints(int(row["id"]), hand, points)
