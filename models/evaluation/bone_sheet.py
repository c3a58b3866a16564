"""Bones as they were found, in the manner of PreciseBAA Figs. 8 and 9; hands with missing bones come first.

    python -m models.evaluation.bone_sheet PICTURE.png [DETECTOR [SEGMENTER]]

draws them on phantoms, with the outline of the hand. `dicom-node evaluate ... --contact-sheet` draws them on radiographs:
not to be shared.
"""

import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from models.data.labels import Split
from models.data.phantoms import phantoms_of
from models.detection.anatomy import RUS_BONES, NamedHand, name_bones
from models.detection.bones import find_bones
from models.evaluation.canvas import INK, SERIES, Picture, font
from models.evaluation.contact_sheet import WARNING
from models.preprocess import FRAME_PX, standard_frame
from models.registry import load
from models.segmentation.masks import Mask, clean
from models.segmentation.segmenting import find_answers

COLUMNS, MOST = 6, 18
CELL_PX, CAPTION_PX, TOP_PX = 240, 20, 62
FROM_MONTHS = 64
"""Younger phantoms are not drawn: no bones of such children were learnt."""
_OUTLINE = (255, 214, 0)
_COLOURS = {None: SERIES[3], 1: SERIES[4], 3: SERIES[5], 5: SERIES[1]}


def bone_sheet(frames: NDArray[np.uint8], hands: Sequence[NamedHand], captions: Sequence[str], title: str) -> Picture:
    """At most MOST of (N, 299, 299) radiographs: those that lack most of the thirteen bones, then in their order."""
    lacking = [sum(bone in hand.missing for bone in RUS_BONES) for hand in hands]
    order = sorted(range(len(hands)), key=lambda n: -lacking[n])[:MOST]
    cells = [cell(np.asarray(frames[n]), hands[n]) for n in order]
    return _laid_out(cells, [f"{captions[n]}  {13 - lacking[n]} of 13" for n in order], title, WARNING)


def cell(frame: NDArray[np.uint8], hand: NamedHand, mask: Mask | None = None) -> Picture:
    """(CELL_PX, CELL_PX, 3): a frame with the thirteen bones' boxes, a colour a finger, and the mask's outline."""
    image = Image.fromarray(frame).resize((CELL_PX, CELL_PX)).convert("RGB")
    draw = ImageDraw.Draw(image)
    if mask is not None:
        rows, columns = np.nonzero(_rim(mask))
        zoom = CELL_PX / FRAME_PX
        draw.point([(x * zoom, y * zoom) for x, y in zip(columns.tolist(), rows.tolist(), strict=True)], _OUTLINE)
    for each in hand.bones:
        if each.bone in RUS_BONES:
            left, top, right, bottom = (edge * CELL_PX for edge in each.box)
            draw.rectangle((left, top, right, bottom), outline=_COLOURS[each.bone.finger], width=2)
    return np.asarray(image)


def _rim(mask: Mask) -> Mask:
    """Pixels of the mask beside one that is not."""
    inner = mask.copy()
    for axis, shift in ((0, 1), (0, -1), (1, 1), (1, -1)):
        inner &= np.roll(mask, shift, axis)
    return mask & ~inner


def _laid_out(cells: Sequence[Picture], captions: Sequence[str], title: str, warning: str = "") -> Picture:
    rows, step = -(-len(cells) // COLUMNS), CELL_PX + CAPTION_PX
    image = Image.new("RGB", (COLUMNS * (CELL_PX + 4), TOP_PX + rows * step), "white")
    draw = ImageDraw.Draw(image)
    draw.text((8, 20), title, fill=INK, font=font(18), anchor="lm")
    draw.text((8, 44), warning, fill=(190, 30, 30), font=font(14), anchor="lm")
    for n, (picture, words) in enumerate(zip(cells, captions, strict=True)):
        x, y = n % COLUMNS * (CELL_PX + 4), TOP_PX + n // COLUMNS * step
        image.paste(Image.fromarray(picture), (x, y))
        draw.text((x + 4, y + CELL_PX + 9), words, fill=INK, font=font(13), anchor="lm")
    return np.asarray(image)


def phantom_sheet(detector: str, segmenter: str, *, directory: Path | None = None) -> Picture:
    """COLUMNS phantoms from FROM_MONTHS on, with what these weights find."""
    bones, outlines = load(detector, directory=directory), load(segmenter, directory=directory)
    drawn = [pair for pair in phantoms_of(Split.TEST, 4 * COLUMNS) if pair[0].bone_age_months >= FROM_MONTHS][:COLUMNS]
    frames = np.stack([standard_frame(phantom.pixels) for _, phantom in drawn])
    hands = [name_bones(found, bones.card.classes) for found in find_bones(frames, bones)]
    masks = [clean(answer) for answer in find_answers(frames, outlines)]
    cells = [cell(*each) for each in zip(frames, hands, masks, strict=True)]
    counts = [sum(bone.bone in RUS_BONES for bone in hand.bones) for hand in hands]
    captions = [f"{label.bone_age_months:.0f} months  {n} of 13" for (label, _), n in zip(drawn, counts, strict=True)]
    return _laid_out(cells, captions, f"Phantoms: {bones.card.name} {bones.card.version}, {outlines.card.name}")


def main(path: Path, detector: str = "bone_detector", segmenter: str = "hand_mask") -> None:
    """Write the picture of phantoms."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(phantom_sheet(detector, segmenter)).save(path)


if __name__ == "__main__":
    main(Path(sys.argv[1]), *sys.argv[2:])
