"""Bones as they were found and the hand's outline, in the manner of PreciseBAA Figs. 7 to 9, 12 and 13.

    python -m models.evaluation.bone_sheet PICTURE.png [--detector NAME] [--data DIR --fold 9]

draws them on phantoms, or with --data on the marked radiographs of a fold, those with missing bones first: not to be
shared.
"""

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from models.data.labels import Split
from models.data.phantoms import phantoms_of
from models.data.radiographs import Radiographs
from models.detection.anatomy import RUS_BONES, NamedHand, name_bones
from models.detection.bones import find_bones
from models.detection.marked import Marks, load_all_marked
from models.evaluation.canvas import INK, SERIES, Picture, font
from models.evaluation.contact_sheet import WARNING
from models.evaluation.detection_run import load_detector
from models.preprocess import FRAME_PX, standard_frame
from models.registry import LoadedModel, load
from models.segmentation.masks import Mask, clean
from models.segmentation.segmenting import find_answers

COLUMNS, MOST = 6, 18
CELL_PX, CAPTION_PX, TOP_PX = 240, 20, 62
FROM_MONTHS = 64
"""Younger phantoms are not drawn: no bones of such children were learnt."""
_OUTLINE = (255, 214, 0)
_COLOURS = {None: SERIES[3], 1: SERIES[4], 3: SERIES[5], 5: SERIES[1]}


@dataclass(frozen=True)
class Finders:
    """What finds the bones, and what finds the outline."""

    detector: LoadedModel
    segmenter: LoadedModel

    def hands(self, frames: NDArray[np.uint8]) -> list[NamedHand]:
        """Of each of (N, 299, 299) standard frames the bones by name."""
        return [name_bones(found, self.detector.card.classes) for found in find_bones(frames, self.detector)]

    def cells(self, frames: NDArray[np.uint8], hands: Sequence[NamedHand]) -> list[Picture]:
        """One a frame."""
        masks = [clean(answer) for answer in find_answers(frames, self.segmenter)]
        return [cell(*each) for each in zip(frames, hands, masks, strict=True)]

    @property
    def words(self) -> str:
        """Both by name and version."""
        return " and ".join(f"{model.card.name} {model.card.version}" for model in (self.detector, self.segmenter))


def radiograph_sheet(finders: Finders, radiographs: Radiographs) -> Picture:
    """At most MOST of the radiographs: those that lack most of the thirteen bones, then the others in their order."""
    hands = finders.hands(radiographs.frames)
    order = sorted(range(len(hands)), key=lambda n: _count(hands[n]))[:MOST]
    cells = finders.cells(np.asarray(radiographs.frames)[order], [hands[n] for n in order])
    labels = [radiographs.labels[n] for n in order]
    captions = [
        f"{label.id}  {label.bone_age_months:.0f} months  {_count(hands[n])} of {len(RUS_BONES)}"
        for label, n in zip(labels, order, strict=True)
    ]
    return _laid_out(cells, captions, f"{finders.words}, most bones missing first", WARNING)


def phantom_sheet(finders: Finders) -> Picture:
    """COLUMNS phantoms from FROM_MONTHS on."""
    drawn = [pair for pair in phantoms_of(Split.TEST, 4 * COLUMNS) if pair[0].bone_age_months >= FROM_MONTHS][:COLUMNS]
    frames = np.stack([standard_frame(phantom.pixels) for _, phantom in drawn])
    hands = finders.hands(frames)
    captions = [
        f"{label.bone_age_months:.0f} months  {_count(hand)} of {len(RUS_BONES)}"
        for (label, _), hand in zip(drawn, hands, strict=True)
    ]
    return _laid_out(finders.cells(frames, hands), captions, f"Phantoms: {finders.words}")


def _count(hand: NamedHand) -> int:
    """Of the thirteen that were found."""
    return sum(each.bone in RUS_BONES for each in hand.bones)


def cell(frame: NDArray[np.uint8], hand: NamedHand, mask: Mask) -> Picture:
    """(CELL_PX, CELL_PX, 3): a frame with the thirteen bones' boxes, a colour a finger, and the mask's outline."""
    image = Image.fromarray(frame).resize((CELL_PX, CELL_PX)).convert("RGB")
    draw = ImageDraw.Draw(image)
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


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit status: 1 with one line where something is wrong that a person can put right."""
    parser = argparse.ArgumentParser(
        prog="python -m models.evaluation.bone_sheet", description="Draw bones and outline as found."
    )
    parser.add_argument("picture", type=Path, help="PNG to write")
    parser.add_argument("--detector", default="bone_detector", help="name of weights, or a run folder")
    parser.add_argument("--segmenter", default="hand_mask", help="name of weights")
    parser.add_argument("--data", type=Path, help="folder of radiographs; without it phantoms are drawn")
    parser.add_argument("--fold", type=int, default=9, help="of the radiographs")
    options = parser.parse_args(arguments)
    try:
        finders = Finders(load_detector(options.detector).model, load(options.segmenter))
        picture = phantom_sheet(finders) if options.data is None else _of_fold(finders, options.data, options.fold)
        options.picture.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(picture).save(options.picture)
    except (ValueError, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def _of_fold(finders: Finders, data: Path, fold: int) -> Picture:
    marked = load_all_marked(data, Marks.BONES).of_folds([fold])
    if not len(marked):
        raise ValueError(f"{data}: fold {fold} has no marked bones; choose another fold")
    return radiograph_sheet(finders, marked.radiographs)


if __name__ == "__main__":
    sys.exit(main())
