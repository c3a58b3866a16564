"""Masks as PreciseBAA Fig. 7 shows them, worst first. It shows radiographs: made only on request, not to be shared."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from models.evaluation.canvas import INK, Picture, font
from models.evaluation.contact_sheet import WARNING
from models.evaluation.segmentation import Masks, dice
from models.segmentation.masked import MaskedFrames
from models.segmentation.masks import Mask, clean

COLUMNS = 8
CELL_PX = 160
TOP_PX, CAPTION_PX = 62, 22
_HAND, _MISSED, _TOO_MUCH = (120, 200, 120), (230, 80, 80), (80, 120, 240)


def mask_sheet(masked: MaskedFrames, answers: Masks, *, title: str = "") -> Picture:
    """A column an image: what the network said beside the mask it is compared with, its cleaned mask, the hand alone.

    answers: (N, H, W) as the network gives them. Green is right, red is missed, blue is too much.
    """
    cleaned = np.stack([clean(answer) for answer in answers])
    worst = np.argsort(dice(cleaned, masked.masks), kind="stable")[:COLUMNS]
    image = Image.new("RGB", (COLUMNS * CELL_PX, TOP_PX + 3 * CELL_PX + CAPTION_PX), "white")
    draw = ImageDraw.Draw(image)
    draw.text((8, 20), f"Lowest Dice {title}".strip(), fill=INK, font=font(18), anchor="lm")
    draw.text((8, 44), WARNING, fill=(190, 30, 30), font=font(14), anchor="lm")
    overlaps = dice(cleaned, masked.masks)
    for column, n in enumerate(worst):
        frame = np.asarray(masked.frames[n])
        rows = [_compared(frame, answers[n], masked.masks[n]), _grey(cleaned[n] * 255), _grey(frame * cleaned[n])]
        for row, picture in enumerate(rows):
            cell = Image.fromarray(picture).resize((CELL_PX - 4, CELL_PX - 4))
            image.paste(cell, (column * CELL_PX + 2, TOP_PX + row * CELL_PX))
        words = f"{masked.ids[n]}  Dice {overlaps[n]:.3f}"
        draw.text((column * CELL_PX + 4, TOP_PX + 3 * CELL_PX + 8), words, fill=INK, font=font(13), anchor="lm")
    return np.asarray(image)


def _compared(frame: NDArray[np.uint8], found: Mask, there: Mask) -> Picture:
    """The frame, tinted where a mask lies."""
    picture = _grey(frame).astype(np.float32)
    for where, colour in ((found & there, _HAND), (there & ~found, _MISSED), (found & ~there, _TOO_MUCH)):
        picture[where] = 0.65 * picture[where] + 0.35 * np.array(colour)
    return picture.astype(np.uint8)


def _grey(values: NDArray[np.generic]) -> Picture:
    return np.repeat(np.asarray(values, dtype=np.uint8)[:, :, None], 3, axis=2)
