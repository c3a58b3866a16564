"""How each bone's end looks at each age: the mean over many hands, of which none can be told.

    python -m models.evaluation.mean_bones DIR PICTURE.png

draws the thirteen bones of the marked hands of folds 0 to 7. Each is turned along its ray, a right hand's is mirrored,
and brightness is stretched before the mean. A cell of fewer than LEAST_HANDS stays empty.
"""

import sys
from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from models.data.radiographs import Radiographs, load_radiographs
from models.detection.anatomy import RUS_BONES, Side
from models.detection.hand_shape import BONES, HandBone
from models.evaluation.anatomy import KnownHand, known_hands
from models.evaluation.canvas import INK, Picture, font

LEAST_HANDS = 20
"""A mean over fewer might show one of them."""
AGES_MONTHS = (64, 84, 108, 132, 156, 180, 204)
"""Edges of the groups, the lower one inside; few marked hands are older."""
SIDE_PX = 80
MARGIN = 1.15
"""Side of the square that is cut out, over the box's longer one."""
_LEFT_PX, _TOP_PX, _GAP_PX = 132, 40, 4
Crop = NDArray[np.float32]
"""(SIDE_PX, SIDE_PX) in [0, 1]."""


def mean_bones(hands: Sequence[KnownHand], radiographs: Radiographs) -> dict[tuple[HandBone, int], tuple[int, Crop]]:
    """By bone and the lower edge of the age group: how many hands, at least LEAST_HANDS, and their mean."""
    places = {label.id: n for n, label in enumerate(radiographs.labels)}
    crops: dict[tuple[HandBone, int], list[Crop]] = {}
    for hand in hands:
        n = places[hand.id]
        low = _group(radiographs.labels[n].bone_age_months)
        if low is None:
            continue
        for bone in RUS_BONES:
            crops.setdefault((bone, low), []).append(crop(np.asarray(radiographs.frames[n]), hand, bone))
    return {key: (len(some), np.mean(some, axis=0)) for key, some in crops.items() if len(some) >= LEAST_HANDS}


def crop(frame: NDArray[np.uint8], hand: KnownHand, bone: HandBone) -> Crop:
    """A bone of a (299, 299) frame, its ray upwards, its darkest and brightest hundredth at 0 and 1."""
    boxes = hand.boxes * frame.shape[0]
    left, top, right, bottom = boxes[BONES.index(bone)]
    zoom = SIDE_PX / (MARGIN * max(right - left, bottom - top))
    centre = np.array([left + right, top + bottom]) / 2
    turn = np.asarray(cv2.getRotationMatrix2D(tuple(centre.tolist()), _turn_deg(boxes, bone), zoom))
    matrix = turn + np.c_[np.zeros((2, 2)), SIDE_PX / 2 - 0.5 - centre]
    cut = cv2.warpAffine(frame, matrix, (SIDE_PX, SIDE_PX), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    low, high = np.percentile(cut, (1, 99))
    stretched = ((cut - low) / max(1.0, high - low)).clip(0, 1).astype(np.float32)
    return stretched if hand.side is Side.LEFT else np.ascontiguousarray(stretched[:, ::-1])


def _turn_deg(boxes: NDArray[np.float64], bone: HandBone) -> float:
    """By which the bone's ray points upwards, counted clockwise in degrees; 0 for the forearm."""
    if bone.finger is None:
        return 0.0
    ray = [n for n, each in enumerate(BONES) if each.finger == bone.finger]
    first = max(0, ray.index(BONES.index(bone)) - 1)
    x, y = ((boxes[n, :2] + boxes[n, 2:]) / 2 for n in ray[first : first + 2])
    along = y - x
    return float(np.rad2deg(np.arctan2(along[0], -along[1])))


def _group(months: float) -> int | None:
    """Lower edge of the group, None outside all."""
    inside = [low for low, high in pairwise(AGES_MONTHS) if low <= months < high]
    return inside[0] if inside else None


def drawn(means: Mapping[tuple[HandBone, int], tuple[int, Crop]]) -> Picture:
    """A row a bone, a column an age group, with the number of hands above."""
    step, columns = SIDE_PX + _GAP_PX, AGES_MONTHS[:-1]
    image = Image.new("RGB", (_LEFT_PX + step * len(columns), _TOP_PX + step * len(RUS_BONES)), "white")
    draw = ImageDraw.Draw(image)
    for column, (low, high) in enumerate(pairwise(AGES_MONTHS)):
        count = max((means[bone, low][0] for bone in RUS_BONES if (bone, low) in means), default=0)
        x = _LEFT_PX + column * step + SIDE_PX / 2
        draw.text((x, 12), f"{low}-{high} mo", fill=INK, font=font(13), anchor="mm")
        draw.text((x, 28), f"{count} hands", fill=INK, font=font(12), anchor="mm")
    for row, bone in enumerate(RUS_BONES):
        y = _TOP_PX + row * step
        draw.text((4, y + SIDE_PX / 2), bone.value.replace("-", " "), fill=INK, font=font(13), anchor="lm")
        for column, low in enumerate(columns):
            if (bone, low) in means:
                cell = Image.fromarray((means[bone, low][1] * 255).round().astype(np.uint8))
                image.paste(cell.convert("RGB"), (_LEFT_PX + column * step, y))
    return np.asarray(image)


def main(data: Path, path: Path) -> None:
    """Write the picture."""
    picture = drawn(mean_bones(known_hands(data), load_radiographs(data)))
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(picture).save(path)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
