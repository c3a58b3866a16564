"""A contact sheet: small pictures of a set's radiographs, from the youngest to the oldest, with line, sex and age."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from models.data.site_labels import SiteLabel

COLUMNS, MOST = 10, 60
SIDE_PX, CAPTION_PX = 150, 16


@dataclass(frozen=True)
class Tile:
    """One radiograph: its label and its standard frame, (299, 299) uint8."""

    label: SiteLabel
    frame: NDArray[np.uint8]


def chosen_labels(labels: Sequence[SiteLabel], most: int = MOST) -> list[SiteLabel]:
    """At most so many, evenly through the bone ages, youngest and oldest among them."""
    by_age = sorted(labels, key=lambda label: (label.bone_age_months, label.id))
    if len(by_age) <= most:
        return by_age
    return [by_age[round(n * (len(by_age) - 1) / (most - 1))] for n in range(most)]


def write_contact_sheet(path: Path, tiles: Sequence[Tile]) -> None:
    """A PNG of the tiles by age, each with the line of its row: it holds radiographs, so it is for its owner's eyes.

    The file is readable by its owner alone. Raises ValueError where it cannot be written.
    """
    sheet = _drawn(sorted(tiles, key=lambda tile: (tile.label.bone_age_months, tile.label.id)))
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.unlink(missing_ok=True)
        path.touch(mode=0o600)
        sheet.save(path, format="PNG")
    except OSError as error:
        raise ValueError(f"{path}: cannot be written ({type(error).__name__})") from None


def _drawn(tiles: Sequence[Tile]) -> Image.Image:
    rows = max(1, -(-len(tiles) // COLUMNS))
    sheet = Image.new("L", (COLUMNS * SIDE_PX, rows * (SIDE_PX + CAPTION_PX)))
    draw = ImageDraw.Draw(sheet)
    for n, tile in enumerate(tiles):
        left, top = n % COLUMNS * SIDE_PX, n // COLUMNS * (SIDE_PX + CAPTION_PX)
        sheet.paste(Image.fromarray(tile.frame).resize((SIDE_PX, SIDE_PX)), (left, top))
        caption = f"line {tile.label.id}  {tile.label.sex} {tile.label.bone_age_months:.0f} months"
        draw.text((left + 2, top + SIDE_PX + 2), caption, fill=255)
    return sheet
