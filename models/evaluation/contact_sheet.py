"""The images with the largest errors. It shows radiographs: made only on request, and not to be shared."""

import numpy as np
from PIL import Image, ImageDraw

from models.data.radiographs import Radiographs
from models.evaluation.canvas import INK, QUIET, Picture, font
from models.evaluation.metrics import Array, truth_months

WARNING = "This picture holds radiographs of patients. Do not share it."
COLUMNS = 6
CELL_PX = 200
CAPTION_PX = 44


def worst_first(predicted: Array, truth: Array, count: int) -> list[int]:
    """Indices of the `count` largest absolute errors, largest first; equal errors in their order."""
    return np.argsort(-np.abs(predicted - truth), kind="stable")[:count].tolist()


def contact_sheet(radiographs: Radiographs, predicted: Array, *, count: int = 24, title: str = "") -> Picture:
    """The `count` worst readings as the network sees them, each with id, sex, label, reading and error in months."""
    truth = truth_months(radiographs.labels)
    chosen = worst_first(predicted, truth, count)
    rows = -(-len(chosen) // COLUMNS)
    image = Image.new("RGB", (COLUMNS * CELL_PX, rows * (CELL_PX + CAPTION_PX) + 62), "white")
    draw = ImageDraw.Draw(image)
    draw.text((8, 20), f"Largest errors {title}".strip(), fill=INK, font=font(18), anchor="lm")
    draw.text((8, 44), WARNING, fill=(190, 30, 30), font=font(14), anchor="lm")
    for place, n in enumerate(chosen):
        left, top = place % COLUMNS * CELL_PX, 62 + place // COLUMNS * (CELL_PX + CAPTION_PX)
        picture = Image.fromarray(np.asarray(radiographs.frames[n])).resize((CELL_PX - 6, CELL_PX - 6))
        image.paste(picture.convert("RGB"), (left + 3, top))
        label, error = radiographs.labels[n], predicted[n] - truth[n]
        draw.text((left + 5, top + CELL_PX + 4), f"{label.id} {label.sex}  error {error:+.1f}", fill=INK, font=font(13),
                  anchor="lm")  # fmt: skip
        words = f"label {truth[n]:.0f}, read {predicted[n]:.1f}"
        draw.text((left + 5, top + CELL_PX + 21), words, fill=QUIET, font=font(13), anchor="lm")
    return np.asarray(image)
